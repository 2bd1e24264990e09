//! Signatures of files: `ssh-keygen` accepts ours, and neither accepts what is bent.

use std::path::Path;
use std::process::{Command, Stdio};

use leaver_evidence::log::{Purpose, SigningKey};
use leaver_evidence::sshsig::{AllowedSigner, sign};

const SPACE: &str = "pack@example";

fn key(seed: u8) -> SigningKey {
    SigningKey::new("pack", Purpose::Log, &[seed; 32]).unwrap()
}

/// What OpenSSH says.
fn ssh_keygen(folder: &Path, namespace: &str, message: &[u8]) -> bool {
    let message_file = folder.join("message");
    std::fs::write(&message_file, message).unwrap();
    Command::new("ssh-keygen")
        .args(["-Y", "verify", "-f", "allowed_signers", "-I", "signer", "-n", namespace, "-s", "message.sig"])
        .current_dir(folder)
        .stdin(std::fs::File::open(message_file).unwrap())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

#[test]
fn ssh_keygen_and_we_agree() {
    let folder = tempfile::tempdir().unwrap();
    let message = b"a file\nof two lines\n".repeat(50);
    let signature = sign(&key(1), SPACE, &message);
    let signer = AllowedSigner::new(&key(1).public(), "signer", SPACE);
    std::fs::write(folder.path().join("message.sig"), &signature).unwrap();
    std::fs::write(folder.path().join("allowed_signers"), format!("# trust\n{}", signer.line())).unwrap();
    let trusted = AllowedSigner::read(&format!("# trust\n{}", signer.line()), "signer", SPACE);
    assert_eq!(trusted, std::slice::from_ref(&signer));
    for (namespace, message, good) in
        [(SPACE, &message[..], true), (SPACE, &message[1..], false), ("other@example", &message, false)]
    {
        assert_eq!(ssh_keygen(folder.path(), namespace, message), good);
        let read = AllowedSigner::read(&signer.line(), "signer", namespace);
        assert_eq!(read.iter().any(|signer| signer.has_signed(&signature, message)), good);
    }
    let stranger = AllowedSigner::new(&key(2).public(), "signer", SPACE);
    std::fs::write(folder.path().join("allowed_signers"), stranger.line()).unwrap();
    assert!(!ssh_keygen(folder.path(), SPACE, &message));
    assert!(!stranger.has_signed(&signature, &message));
    assert_eq!(AllowedSigner::read(&signer.line(), "somebody", SPACE), []);
    for bent in [
        signature.replace("BEGIN", "begin"),
        signature.replace("U1NI", "U1NJ"),
        signature.replacen('\n', "", 1),
        String::new(),
    ] {
        assert!(!signer.has_signed(&bent, &message), "{bent}");
    }
}
