"""What all tests share: the real services, started only when a test asks for one."""

pytest_plugins = [
    "tests.services.postgres",
    "tests.services.sqlite",
    "tests.services.s3",
    "tests.services.valkey",
]
