"""URLs in every notation that was ever used to slip through: refused, or written plainly and judged then."""

import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pressroom.adapters.outgoing.addresses import is_public
from pressroom.adapters.outgoing.rules import Rules
from pressroom.adapters.outgoing.targets import MOST_CHARACTERS, read_target
from pressroom.domain.outgoing import (
    AddressNotPublic,
    AllowListInvalid,
    TargetRefused,
    UrlInvalid,
    UrlNotAllowed,
)

STRICT = Rules()
INTRANET = Rules.read("10.0.0.0/8, hooks.lan, .shop.internal, 127.0.0.1, ::1", http=True)

PLAIN = [
    ("https://hooks.example.com/a?b=c", "https://hooks.example.com/a?b=c"),
    ("HTTPS://Hooks.Example.COM", "https://hooks.example.com/"),
    ("https://hooks.example.com.:443/", "https://hooks.example.com/"),
    ("https://hooks.example.com:8443/x", "https://hooks.example.com:8443/x"),
    ("https://bücher.example.com/", "https://xn--bcher-kva.example.com/"),
    ("https://example。com/", "https://example.com/"),
    ("https://1.1.1.1/", "https://1.1.1.1/"),
    ("https://[2606:4700:0:0::1111]/", "https://[2606:4700::1111]/"),
    ("https://a_b.example.com/%7Euser", "https://a_b.example.com/%7Euser"),
    ("https://0x.example.com/", "https://0x.example.com/"),
    ("https://hooks.example.com?x=1", "https://hooks.example.com/?x=1"),
]
INVALID = [
    "",
    "hooks.example.com",
    "//hooks.example.com/",
    "ftp://hooks.example.com/",
    "file:///etc/passwd",
    "gopher://hooks.example.com/",
    "javascript:alert(1)",
    "https:/hooks.example.com/",
    "https:hooks.example.com",
    "https:///path",
    "https://",
    "https://?",
    " https://hooks.example.com/",
    "https://hooks.example.com/ ",
    "https://hooks.example.com/\n",
    "https://hooks.example.com/a b",
    "https://hooks.example.com/\r\nHost: 127.0.0.1",
    "https://hooks.exa\tmple.com/",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com/#fragment",
    "https://hooks.example.com#@127.0.0.1/",
    "https://user@hooks.example.com/",
    "https://user:password@hooks.example.com/",
    "https://1.1.1.1@127.0.0.1/",
    "https://127.0.0.1%40example.com/",
    "https://%31%32%37.0.0.1/",
    "https://hooks%2eexample.com/",
    "https://hooks.example.com:/",
    "https://hooks.example.com:443:443/",
    "https://hooks.example.com:+443/",
    "https://hooks.example.com:4４3/",
    "https://-hooks.example.com/",
    "https://hooks..example.com/",
    "https://.example.com/",
    "https://hooks.example.com../",
    f"https://{'a' * 64}.example.com/",
    f"https://{'a.' * 127}example.com/",
    f"https://hooks.example.com/{'a' * MOST_CHARACTERS}",
    "https://hooks.example.com/é",
    "https://hooks.example.com/%zz",
    "https://hooks.example.com/%",
    "https://ho*oks.example.com/",
    "https://\ud800.example.com/",
    # numbers that libraries read as addresses, each in its own way
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.0.0.01/",
    "https://127.0.0.0x1/",
    "https://127.0.0.1.5/",
    "https://1.2.3.256/",
    "https://0x/",
    "https://[::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[::ffff:127.0.0.1.1]/",
    "https://[::1/",
    "https://::1/",
    "https://[127.0.0.1]/",
    "https://[v1.a]/",
    "https://[]/",
]
PRIVATE = [
    "https://127.0.0.1/",
    "https://127.0.0.1./",
    "https://１２７.0.0.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://100.64.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://192.168.0.1:8443/",
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://[::]/",
    "https://[::1]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::FFFF:7F00:1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:1::1]/",
    "https://[fe80::1]/",
    "https://[fc00::1]/",
    "https://[ff02::1]/",
]
NOT_ALLOWED = [
    "http://hooks.example.com/",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:65536/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:6379/",
    "https://localhost/",
    "https://LOCALHOST./",
    "https://a.localhost/",
    "https://redis/",
    "https://printer.local/",
    "https://metadata.google.internal/",
    "https://router.lan/",
    "https://nas.home.arpa/",
    "https://ｌｏｃａｌｈｏｓｔ/",
]


@pytest.mark.parametrize(("url", "plain"), PLAIN)
def test_one_plain_form(url: str, plain: str) -> None:
    assert read_target(url, STRICT).url == plain
    assert read_target(plain, STRICT).url == plain


@pytest.mark.parametrize("url", INVALID)
def test_what_is_no_url_or_more_than_one(url: str) -> None:
    for rules in (STRICT, INTRANET):
        with pytest.raises(UrlInvalid) as caught:
            read_target(url, rules)
        assert caught.value.field == "url"


@pytest.mark.parametrize("url", PRIVATE)
def test_addresses_that_are_not_public(url: str) -> None:
    with pytest.raises(AddressNotPublic):
        read_target(url, STRICT)


@pytest.mark.parametrize("url", NOT_ALLOWED)
def test_schemes_ports_and_names_that_are_not_called(url: str) -> None:
    with pytest.raises(UrlNotAllowed):
        read_target(url, STRICT)


@pytest.mark.parametrize(
    "url",
    [
        "http://10.1.2.3:9000/",
        "https://[::ffff:10.1.2.3]/",
        "http://127.0.0.1:54321/x",
        "http://[::1]:54321/",
        "http://hooks.lan:8000/",
        "https://a.shop.internal/",
    ],
)
def test_what_the_operator_allows(url: str) -> None:
    read_target(url, INTRANET)
    with pytest.raises(TargetRefused):
        read_target(url, STRICT)


@pytest.mark.parametrize("url", ["https://192.168.0.1/", "https://127.0.0.2/", "https://evilhooks.lan/"])
def test_and_nothing_beside_it(url: str) -> None:
    with pytest.raises(TargetRefused):
        read_target(url, INTRANET)


@pytest.mark.parametrize("allowed", ["10.0.0.1/8", "300.1.1.1", "a b", "http://x", "127.1", "-x", "10.0.0"])
def test_an_operators_slip_is_told(allowed: str) -> None:
    with pytest.raises(AllowListInvalid, match="is no network"):
        Rules.read(allowed)


NUMBERS = st.sampled_from(["{:d}", "0x{:x}", "0X{:X}", "0{:o}", "00{:o}", "{:03d}"])
DIGITS = str.maketrans("0123456789", "０１２３４５６７８９")


@st.composite
def notations(draw: st.DrawFn) -> tuple[ipaddress.IPv4Address, str]:
    """An IPv4 address in any notation that some library takes."""
    address = ipaddress.IPv4Address(int(draw(st.ip_addresses(v=4))))
    bytes_ = list(address.packed)
    parts = draw(st.integers(1, 4))
    numbers = [*bytes_[: parts - 1], int.from_bytes(bytes(bytes_[parts - 1 :]))]
    text = ".".join(draw(NUMBERS).format(number) for number in numbers)
    if draw(st.booleans()):
        text = text.translate(DIGITS)
    if draw(st.booleans()):
        text = text.replace(".", draw(st.sampled_from(["。", "．", "｡"])))
    return address, text + draw(st.sampled_from(["", "."]))


@given(notations())
@example((ipaddress.IPv4Address("127.0.0.1"), "0x7f.1"))
def test_no_notation_of_an_ipv4_address_slips_through(given_: tuple[ipaddress.IPv4Address, str]) -> None:
    address, text = given_
    try:
        target = read_target(f"https://{text}/", STRICT)
    except TargetRefused:
        return
    assert target.address == address
    assert target.host == str(address)
    assert is_public(address)


@given(st.ip_addresses(v=6), st.booleans(), st.booleans())
def test_no_notation_of_an_ipv6_address_slips_through(
    address: ipaddress.IPv6Address, long: bool, upper: bool
) -> None:
    text = address.exploded if long else str(address)
    try:
        target = read_target(f"https://[{text.upper() if upper else text}]/", STRICT)
    except TargetRefused:
        return
    assert target.address == address
    assert is_public(address)


@given(st.text(max_size=40), st.sampled_from(["https://", "http://", "", "HTTPS://x@"]))
def test_any_text_is_refused_or_has_one_plain_form(text: str, head: str) -> None:
    try:
        target = read_target(head + text, INTRANET)
    except TargetRefused:
        return
    assert target.url.isascii()
    assert read_target(target.url, INTRANET) == target


@given(st.text(alphabet="abcdefABC0123456789-_.xX:@[]%/\\?#。ａ１ ", max_size=30))
def test_texts_that_look_like_hosts(text: str) -> None:
    try:
        target = read_target(f"https://{text}", STRICT)
    except TargetRefused:
        return
    assert target.address is None or is_public(target.address)
    assert target.host == target.host.lower()
    assert not set(target.host) & set("@%\\/?# ")
