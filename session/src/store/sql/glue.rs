//! The methods of [`Engine`](super::engine::Engine) that are the same words for each of sqlx's
//! databases: sqlx promises them type by type, not for any `Database`.

macro_rules! glue {
    ($Db:ty) => {
        type Db = $Db;

        fn bind(
            arguments: &mut Arguments<Self>,
            value: Value<'_>,
        ) -> Result<(), sqlx::error::BoxDynError> {
            use sqlx::Arguments;
            match value {
                Value::Bytes(bytes) => arguments.add(bytes),
                Value::Number(number) => arguments.add(number),
                Value::Flag(flag) => arguments.add(flag),
            }
        }

        async fn run(
            connection: &mut Connection<Self>,
            sql: sqlx::SqlStr,
            arguments: Arguments<Self>,
            want: Want,
        ) -> Result<Answer<Self>, sqlx::Error> {
            let query = sqlx::query_with::<$Db, _>(sql, arguments);
            Ok(match want {
                Want::Count => Answer::Count(query.execute(connection).await?.rows_affected()),
                // All of them, also where one is enough: so the reply is read to its end.
                Want::Rows => Answer::Rows(query.fetch_all(connection).await?),
            })
        }

        fn columns(row: &Row<Self>) -> Result<Columns, sqlx::Error> {
            use sqlx::Row;
            Ok(Columns {
                row_key: row.try_get(0)?,
                ended: row.try_get(1)?,
                revision: row.try_get(2)?,
                times: [row.try_get(3)?, row.try_get(4)?, row.try_get(5)?],
                body: row.try_get(6)?,
            })
        }

        fn bytes(row: &Row<Self>) -> Result<Vec<u8>, sqlx::Error> {
            sqlx::Row::try_get(row, 0)
        }

        fn number(row: &Row<Self>) -> Result<i64, sqlx::Error> {
            sqlx::Row::try_get(row, 0)
        }
    };
}

pub(super) use glue;
