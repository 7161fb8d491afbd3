"""The tables of what things cost.

    price                       what a model's tokens and pictures cost
    budget                      what a campaign may cost, what is held of it, what is spent
    key_day                     the tokens that a key with a daily bound has held and spent on a date
    charge ──▶ usage            a job's end as the accounts see it, until it is booked

A job's end inserts a ``charge``, which waits for nobody and which nobody waits for; the relay books charges
into ``usage``, ``budget`` and ``key_day`` and removes them. Who is refused a hold books first what has ended
meanwhile. Locks are taken in one order: budgets, then days of keys, then usage, each by its key.

``*_nanos`` are billionths of the currency of the price list.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    Named,
    String,
    Table,
    TypedColumns,
)

from pressroom.adapters.sql.tables import metadata


class PriceColumns(TypedColumns):
    # "*" is for models that have no price of their own
    model: Named[str] = Column(String(64), primary_key=True)
    token_in_nanos: Named[int] = Column(BigInteger)
    token_out_nanos: Named[int] = Column(BigInteger)
    picture_nanos: Named[int] = Column(BigInteger)


price = Table("price", metadata, PriceColumns)


class BudgetColumns(TypedColumns):
    id: Named[str] = Column(String(64), primary_key=True)
    tenant: Named[str] = Column(String(64), ForeignKey("tenant.id"))
    campaign: Named[str] = Column(String(64))
    created_at: Named[int] = Column(BigInteger)
    # the most; NULL is any number
    tokens: Named[int | None] = Column(BigInteger)
    nanos: Named[int | None] = Column(BigInteger)
    held_tokens: Named[int] = Column(BigInteger)
    held_nanos: Named[int] = Column(BigInteger)
    spent_tokens: Named[int] = Column(BigInteger)
    spent_nanos: Named[int] = Column(BigInteger)


budget = Table(
    "budget", metadata, BudgetColumns, Index("uq_budget_tenant_campaign", "tenant", "campaign", unique=True)
)


class KeyDayColumns(TypedColumns):
    api_key: Named[str] = Column(String(64), primary_key=True)
    day: Named[str] = Column(String(10), primary_key=True)
    held_tokens: Named[int] = Column(BigInteger)
    spent_tokens: Named[int] = Column(BigInteger)


key_day = Table("key_day", metadata, KeyDayColumns)


class ChargeColumns(TypedColumns):
    job_id: Named[str] = Column(String(64), primary_key=True)
    tenant: Named[str] = Column(String(64))
    accepted_at: Named[int] = Column(BigInteger)
    ended_at: Named[int] = Column(BigInteger)
    model: Named[str] = Column(String(64))
    state: Named[str] = Column(String(16))
    tokens_in: Named[int] = Column(BigInteger)
    tokens_out: Named[int] = Column(BigInteger)
    pictures: Named[int] = Column(Integer)
    engine_ms: Named[int] = Column(BigInteger)
    tokens: Named[int] = Column(BigInteger)
    nanos: Named[int] = Column(BigInteger)
    held_tokens: Named[int] = Column(BigInteger)
    held_nanos: Named[int] = Column(BigInteger)
    api_key: Named[str | None] = Column(String(64))
    campaign: Named[str | None] = Column(String(64))
    budget: Named[str | None] = Column(String(64))
    # whether its tokens are held on a day of its key
    on_day: Named[bool] = Column(Boolean)


charge = Table("charge", metadata, ChargeColumns)


class UsageColumns(TypedColumns):
    day: Named[str] = Column(String(10), primary_key=True)
    tenant: Named[str] = Column(String(64), primary_key=True)
    # "" is none
    api_key: Named[str] = Column(String(64), primary_key=True)
    model: Named[str] = Column(String(64), primary_key=True)
    campaign: Named[str] = Column(String(64), primary_key=True)
    jobs: Named[int] = Column(BigInteger)
    succeeded: Named[int] = Column(BigInteger)
    tokens_in: Named[int] = Column(BigInteger)
    tokens_out: Named[int] = Column(BigInteger)
    pictures: Named[int] = Column(BigInteger)
    engine_ms: Named[int] = Column(BigInteger)
    nanos: Named[int] = Column(BigInteger)


usage = Table("usage", metadata, UsageColumns, Index(None, "tenant", "day"))
