"""What all tests share: the real services, started only when a test asks for one."""

pytest_plugins = [
    "tests.plugins.names",
    "tests.plugins.order",
    "tests.plugins.skips",
    "tests.services.chromium",
    "tests.services.postgres",
    "tests.services.sqlite",
    "tests.services.text_model",
    "tests.services.s3",
    "tests.services.valkey",
    "tests.services.tls",
]
