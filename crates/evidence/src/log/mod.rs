//! The log whose leaves are the rows of the journal, as state machines without input, output or clock: the tree and its proofs,
//! signed notes, checkpoints, the policy by which somebody trusts them, and what a witness signs.

mod checkpoint;
mod note;
mod policy;
mod tree;
mod witness;

pub use self::checkpoint::{Checkpoint, Proof, Refusal, sign};
pub use self::note::{Note, NoteError, Purpose, Signature, SigningKey, VerifyingKey};
pub use self::policy::{Policy, PolicyError, Witnessed};
pub use self::tree::{Hash, Tree, is_consistent, is_included, node_hash};
pub use self::witness::{AddCheckpoint, Cosigned, Denial, cosign};
