//! PostgreSQL, MySQL and MariaDB, SQLite.
