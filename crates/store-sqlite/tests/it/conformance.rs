//! Every rule of `leaver_store::conformance`.

use crate::harness::Files;

leaver_store::conformance_tests!(Files::new());
