//! The two stores are [`Rows`](super::rows::Rows) over different connections.

/// Implements `Store` and `IndexedStore` for a struct around `Arc<Rows<_>>`.
macro_rules! store {
    ($name:ident) => {
        impl crate::store::Store for $name {
            type Writes = crate::store::CompareAndSet;
            type Index = crate::store::Indexed;

            async fn load(
                &self,
                key: &crate::store::RowKey,
            ) -> Result<crate::store::Loaded, crate::store::StoreError> {
                self.0.load(key).await
            }

            async fn create(
                &self,
                key: &crate::store::RowKey,
                record: &crate::store::Record,
                lease: crate::store::Lease,
            ) -> Result<crate::store::Created, crate::store::StoreError> {
                self.0.create(key, record, lease).await
            }

            async fn update(
                &self,
                key: &crate::store::RowKey,
                expected: crate::store::Revision,
                record: &crate::store::Record,
                lease: crate::store::Lease,
            ) -> Result<crate::store::Updated, crate::store::StoreError> {
                self.0.update(key, expected, record, lease).await
            }

            async fn touch(
                &self,
                key: &crate::store::RowKey,
                expected: crate::store::Revision,
                times: crate::store::Times,
                lease: crate::store::Lease,
            ) -> Result<crate::store::Touched, crate::store::StoreError> {
                self.0.touch(key, expected, times, lease).await
            }

            async fn delete(
                &self,
                key: &crate::store::RowKey,
                remember: std::time::Duration,
            ) -> Result<crate::store::Deleted, crate::store::StoreError> {
                self.0.delete(key, remember).await
            }
        }

        impl crate::store::IndexedStore for $name {
            async fn index_insert(
                &self,
                index: &crate::store::IndexKey,
                member: &crate::store::RowKey,
                keep: std::time::Duration,
            ) -> Result<(), crate::store::StoreError> {
                self.0.index_insert(index, member, keep).await
            }

            async fn index_remove(
                &self,
                index: &crate::store::IndexKey,
                member: &crate::store::RowKey,
            ) -> Result<(), crate::store::StoreError> {
                self.0.index_remove(index, member).await
            }

            async fn index_members(
                &self,
                index: &crate::store::IndexKey,
                after: Option<&crate::store::RowKey>,
                limit: usize,
            ) -> Result<Vec<crate::store::RowKey>, crate::store::StoreError> {
                self.0.index_members(index, after, limit).await
            }
        }
    };
}

pub(super) use store;
