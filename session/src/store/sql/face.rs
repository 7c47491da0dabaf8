//! The public face of the stores, the same for each.

macro_rules! store {
    ($Store:ident) => {
        impl $Store {
            /// In a table of this name, and another with `_index` after it, instead of `sessions`.
            /// Two apps that share a database need two names.
            ///
            /// # Errors
            /// Names are 1 to 46 ASCII letters, digits, `_` and `-`.
            pub fn table(self, name: &str) -> Result<Self, crate::store::StoreError> {
                Ok(Self { core: self.core.named(|names| names.with_table(name))? })
            }

            /// For how long a call waits for a connection and the engine's answer together, instead
            /// of five seconds. The pool's own limits hold too.
            #[must_use]
            pub fn timeout(self, limit: std::time::Duration) -> Self {
                Self { core: self.core.limited(limit) }
            }

            /// Makes the tables and their indexes, where they are missing. Several processes may do
            /// so at once. Tables that are there are left as they are, and need no right to make
            /// any.
            ///
            /// # Errors
            /// When there is a table of that name with other columns, or the right to make tables is
            /// missing: then the kind is [`Refused`](crate::store::StoreErrorKind::Refused).
            pub async fn migrate(&self) -> Result<(), crate::store::StoreError> {
                self.core.migrate().await
            }

            /// Deletes what is over from both tables, a thousand rows a statement, and tells how
            /// many rows it was.
            ///
            /// # Errors
            /// When the engine can't be asked. What was deleted before stays deleted.
            pub async fn sweep(&self) -> Result<u64, crate::store::StoreError> {
                crate::store::Sweep::sweep(self).await
            }

            /// Sweeps now and then every `interval` in the background, until the
            /// [`Sweeper`](crate::store::Sweeper) is stopped or dropped.
            pub fn sweep_every(&self, interval: std::time::Duration) -> crate::store::Sweeper {
                crate::store::Sweep::sweep_every(self, interval)
            }
        }

        impl std::fmt::Debug for $Store {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($Store))
                    .field("table", &self.core.table())
                    .finish_non_exhaustive()
            }
        }

        impl crate::store::Store for $Store {
            type Writes = crate::store::CompareAndSet;
            type Index = crate::store::Indexed;

            async fn load(
                &self,
                key: &crate::store::RowKey,
            ) -> Result<crate::store::Loaded, crate::store::StoreError> {
                self.core.load(key).await
            }

            async fn create(
                &self,
                key: &crate::store::RowKey,
                record: &crate::store::Record,
                lease: crate::store::Lease,
            ) -> Result<crate::store::Created, crate::store::StoreError> {
                self.core.create(key, record, lease).await
            }

            async fn update(
                &self,
                key: &crate::store::RowKey,
                expected: crate::store::Revision,
                record: &crate::store::Record,
                lease: crate::store::Lease,
            ) -> Result<crate::store::Updated, crate::store::StoreError> {
                self.core.update(key, expected, record, lease).await
            }

            async fn touch(
                &self,
                key: &crate::store::RowKey,
                expected: crate::store::Revision,
                times: crate::store::Times,
                lease: crate::store::Lease,
            ) -> Result<crate::store::Touched, crate::store::StoreError> {
                self.core.touch(key, expected, times, lease).await
            }

            async fn delete(
                &self,
                key: &crate::store::RowKey,
                remember: std::time::Duration,
            ) -> Result<crate::store::Deleted, crate::store::StoreError> {
                self.core.delete(key, remember).await
            }
        }

        impl crate::store::IndexedStore for $Store {
            async fn index_insert(
                &self,
                index: &crate::store::IndexKey,
                member: &crate::store::RowKey,
                keep: std::time::Duration,
            ) -> Result<(), crate::store::StoreError> {
                self.core.index_insert(index, member, keep).await
            }

            async fn index_remove(
                &self,
                index: &crate::store::IndexKey,
                member: &crate::store::RowKey,
            ) -> Result<(), crate::store::StoreError> {
                self.core.index_remove(index, member).await
            }

            async fn index_members(
                &self,
                index: &crate::store::IndexKey,
                after: Option<&crate::store::RowKey>,
                limit: usize,
            ) -> Result<Vec<crate::store::RowKey>, crate::store::StoreError> {
                self.core.index_members(index, after, limit).await
            }
        }

        impl crate::store::Sweep for $Store {
            async fn sweep_batch(&self) -> Result<u64, crate::store::StoreError> {
                self.core.sweep_batch().await
            }
        }
    };
}

pub(super) use store;
