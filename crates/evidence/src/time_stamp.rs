//! Time stamps of an outside authority (RFC 3161): what to ask for, and whether an answer proves when the data was there.
//!
//! `openssl ts -verify` checks the same answers; it also compares the certificate that the answer names itself (`ESSCertID`).

use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5280, rfc5911, rfc5912, rfc6268};
use der::asn1::{Any, OctetString, OctetStringRef};
use der::{Decode as _, Encode as _, Reader as _, SliceReader, Tag, Tagged as _};
use jiff::Timestamp;
use jiff::civil::DateTime;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use spki::AlgorithmIdentifierOwned;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert, aws_lc_rs as algorithms};
use x509_cert::Certificate;
use x509_cert::ext::pkix::{ExtendedKeyUsage, SubjectKeyIdentifier};

/// `id-ct-TSTInfo` (RFC 3161 section 2.4.2).
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

/// `id-kp-timeStamping` (RFC 5280 section 4.2.1.12), the value of its encoding.
const TIME_STAMPING: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 8];

/// Answers longer than this are none.
pub const LONGEST: usize = 256 * 1024;

/// Why a time stamp proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// The bytes are no answer of an authority.
    #[error("it is no time stamp: {0}")]
    Malformed(&'static str),
    /// The authority refused.
    #[error("the authority refused, with status {0}")]
    Refused(u8),
    /// It is a stamp of other data.
    #[error("it is a time stamp of other data")]
    OtherData,
    /// It answers another request.
    #[error("it answers another request")]
    OtherRequest,
    /// Nobody whom somebody trusts made it.
    #[error("no trusted authority made it: {0}")]
    Untrusted(String),
    /// The roots cannot be read.
    #[error("there is no certificate in PEM form among the roots of the authority")]
    NoRoots,
}

/// The roots of the authorities that somebody trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roots {
    pem: String,
    roots: Vec<CertificateDer<'static>>,
}

impl Roots {
    /// Reads one or more certificates in PEM form.
    ///
    /// # Errors
    /// [`StampError::NoRoots`].
    pub fn parse(pem: &str) -> Result<Self, StampError> {
        let roots: Vec<_> = CertificateDer::pem_slice_iter(pem.as_bytes())
            .collect::<Result<_, _>>()
            .map_err(|_| StampError::NoRoots)?;
        let good = !roots.is_empty() && roots.iter().all(|root| anchor_from_trusted_cert(root).is_ok());
        if good { Ok(Self { pem: pem.to_owned(), roots }) } else { Err(StampError::NoRoots) }
    }

    /// The certificates as they were read.
    pub fn pem(&self) -> &str {
        &self.pem
    }
}

/// A request for a time stamp of these bytes, of which only the SHA-256 leaves; the answer is to carry the authority's certificate.
///
/// # Errors
/// [`StampError::Malformed`], which does not happen.
pub fn request(data: &[u8], nonce: u64) -> Result<Vec<u8>, StampError> {
    let wrong = |_| StampError::Malformed("request");
    let algorithm = AlgorithmIdentifierOwned { oid: rfc5912::ID_SHA_256, parameters: Some(Any::null()) };
    let hashed = OctetString::new(Sha256::digest(data).as_slice()).map_err(wrong)?;
    let imprint = vec![Any::encode_from(&algorithm).map_err(wrong)?, Any::encode_from(&hashed).map_err(wrong)?];
    let fields = vec![
        Any::encode_from(&1_u8).map_err(wrong)?,
        Any::encode_from(&imprint).map_err(wrong)?,
        Any::encode_from(&nonce).map_err(wrong)?,
        Any::encode_from(&true).map_err(wrong)?,
    ];
    fields.to_der().map_err(wrong)
}

/// When the data was there, by an answer that a trusted authority signed. The certificates must have been good at that time, not now.
///
/// # Errors
/// Why the answer proves nothing.
pub fn verify(answer: &[u8], data: &[u8], roots: &Roots) -> Result<Timestamp, StampError> {
    let token = Token::read(answer)?;
    token.signed(roots)?;
    if token.hashed.as_bytes() != hash(&token.algorithm, data)?.as_slice() {
        return Err(StampError::OtherData);
    }
    Ok(token.at)
}

/// The same for an answer that just came: it must be of this very request, too.
///
/// # Errors
/// Why the answer proves nothing.
pub fn answers(answer: &[u8], data: &[u8], nonce: u64, roots: &Roots) -> Result<Timestamp, StampError> {
    if Token::read(answer)?.nonce != Some(nonce) {
        return Err(StampError::OtherRequest);
    }
    verify(answer, data, roots)
}

fn hash(algorithm: &ObjectIdentifier, data: &[u8]) -> Result<Vec<u8>, StampError> {
    match *algorithm {
        rfc5912::ID_SHA_256 => Ok(Sha256::digest(data).to_vec()),
        rfc5912::ID_SHA_384 => Ok(Sha384::digest(data).to_vec()),
        rfc5912::ID_SHA_512 => Ok(Sha512::digest(data).to_vec()),
        _ => Err(StampError::Malformed("hash algorithm")),
    }
}

/// What an answer says.
struct Token {
    data: SignedData,
    /// The signed bytes.
    info: Vec<u8>,
    algorithm: ObjectIdentifier,
    hashed: OctetString,
    at: Timestamp,
    nonce: Option<u64>,
}

impl Token {
    /// Reads a `TimeStampResp` (RFC 3161 section 2.4.2).
    fn read(answer: &[u8]) -> Result<Self, StampError> {
        let wrong = |what: &'static str| move |_: der::Error| StampError::Malformed(what);
        if answer.len() > LONGEST {
            return Err(StampError::Malformed("it is too long"));
        }
        let response = Vec::<Any>::from_der(answer).map_err(wrong("response"))?;
        let status = response.first().ok_or(StampError::Malformed("no status"))?;
        let status = status.decode_as::<Vec<Any>>().map_err(wrong("status"))?;
        let status: u8 =
            status.first().ok_or(StampError::Malformed("no status"))?.decode_as().map_err(wrong("status"))?;
        if status > 1 {
            return Err(StampError::Refused(status));
        }
        let content = response.get(1).ok_or(StampError::Malformed("no token"))?;
        let content: ContentInfo = content.decode_as().map_err(wrong("token"))?;
        if content.content_type != rfc5911::ID_SIGNED_DATA {
            return Err(StampError::Malformed("it is not signed"));
        }
        let data: SignedData = content.content.decode_as().map_err(wrong("signed data"))?;
        if data.encap_content_info.econtent_type != TST_INFO {
            return Err(StampError::Malformed("it signs something else"));
        }
        let info = data.encap_content_info.econtent.as_ref().ok_or(StampError::Malformed("no content"))?;
        let info = info.decode_as::<OctetStringRef<'_>>().map_err(wrong("content"))?.as_bytes().to_vec();
        let fields = Vec::<Any>::from_der(&info).map_err(wrong("TSTInfo"))?;
        let [_version, _policy, imprint, _serial, at, rest @ ..] = fields.as_slice() else {
            return Err(StampError::Malformed("TSTInfo"));
        };
        let imprint: Vec<Any> = imprint.decode_as().map_err(wrong("message imprint"))?;
        let [algorithm, hashed] = imprint.as_slice() else { return Err(StampError::Malformed("message imprint")) };
        let algorithm: AlgorithmIdentifierOwned = algorithm.decode_as().map_err(wrong("message imprint"))?;
        let hashed: OctetString = hashed.decode_as().map_err(wrong("message imprint"))?;
        let nonce = rest.iter().find(|field| field.tag() == Tag::Integer).and_then(|field| field.decode_as().ok());
        let at = time(at)?;
        Ok(Self { data, info, algorithm: algorithm.oid, hashed, at, nonce })
    }

    /// Whether an authority signed it whose certificate leads to one of the roots and is made for this.
    fn signed(&self, roots: &Roots) -> Result<(), StampError> {
        let untrusted = |why: &str| StampError::Untrusted(why.to_owned());
        let [signer] = self.data.signer_infos.0.as_ref() else { return Err(untrusted("it must have one signer")) };
        let attributes = signer.signed_attrs.as_ref().ok_or_else(|| untrusted("its attributes are not signed"))?;
        let value = |oid: ObjectIdentifier| {
            let found = attributes.iter().find(|attribute| attribute.oid == oid)?;
            found.values.get(0)
        };
        let kind = value(rfc6268::ID_CONTENT_TYPE).and_then(|value| value.decode_as::<ObjectIdentifier>().ok());
        let digest = value(rfc6268::ID_MESSAGE_DIGEST).and_then(|value| value.decode_as::<OctetString>().ok());
        let is_of = digest.is_some_and(|digest| {
            hash(&signer.digest_alg.oid, &self.info).is_ok_and(|expected| expected == digest.as_bytes())
        });
        if kind != Some(TST_INFO) || !is_of {
            return Err(untrusted("the signed attributes are of another content"));
        }
        let certificates = self.certificates();
        let own = certificates.iter().find(|certificate| is_of_signer(signer, certificate));
        let own = own.ok_or_else(|| untrusted("its signer's certificate is not in it"))?;
        let broken = |error: webpki::Error| StampError::Untrusted(error.to_string());
        let encode = |certificate: &Certificate| certificate.to_der().map(CertificateDer::from);
        let leaf = encode(own).map_err(|_| untrusted("its certificate cannot be read"))?;
        let others: Vec<_> = certificates.iter().filter_map(|other| encode(other).ok()).collect();
        let anchors: Vec<_> = roots.roots.iter().filter_map(|root| anchor_from_trusted_cert(root).ok()).collect();
        let end = EndEntityCert::try_from(&leaf).map_err(broken)?;
        let at = u64::try_from(self.at.as_second()).map_err(|_| StampError::Malformed("time"))?;
        let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(at));
        if !is_for_time_stamps(own) {
            return Err(untrusted("its certificate is not made for time stamps alone"));
        }
        let usage = KeyUsage::required_if_present(TIME_STAMPING);
        end.verify_for_usage(webpki::ALL_VERIFICATION_ALGS, &anchors, &others, at, usage, None, None)
            .map_err(broken)?;
        let signed = attributes.to_der().map_err(|_| StampError::Malformed("attributes"))?;
        let good = signatures(&signer.digest_alg.oid)
            .iter()
            .any(|algorithm| end.verify_signature(*algorithm, &signed, signer.signature.as_bytes()).is_ok());
        if good { Ok(()) } else { Err(untrusted("the signature is not of its certificate")) }
    }

    fn certificates(&self) -> Vec<Certificate> {
        let set = self.data.certificates.as_ref();
        let plain = set.into_iter().flat_map(|set| set.0.iter()).filter_map(|choice| match choice {
            CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
            CertificateChoices::Other(_) => None,
        });
        plain.collect()
    }
}

fn is_of_signer(signer: &SignerInfo, certificate: &Certificate) -> bool {
    let body = &certificate.tbs_certificate;
    match &signer.sid {
        SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber { issuer, serial_number }) => {
            body.issuer == *issuer && body.serial_number == *serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(id) => {
            matches!(body.get::<SubjectKeyIdentifier>(), Ok(Some((_, own))) if own == *id)
        }
    }
}

/// Whether a certificate says, critically, that it is for time stamps and for nothing else (RFC 3161 section 2.3).
fn is_for_time_stamps(certificate: &Certificate) -> bool {
    let usage = certificate.tbs_certificate.get::<ExtendedKeyUsage>();
    matches!(usage, Ok(Some((true, usage))) if usage.0 == [rfc5280::ID_KP_TIME_STAMPING])
}

/// What can have signed a digest of this kind.
fn signatures(digest: &ObjectIdentifier) -> Vec<&'static dyn SignatureVerificationAlgorithm> {
    match *digest {
        rfc5912::ID_SHA_256 => {
            vec![algorithms::ECDSA_P256_SHA256, algorithms::ECDSA_P384_SHA256, algorithms::RSA_PKCS1_2048_8192_SHA256]
        }
        rfc5912::ID_SHA_384 => {
            vec![algorithms::ECDSA_P256_SHA384, algorithms::ECDSA_P384_SHA384, algorithms::RSA_PKCS1_2048_8192_SHA384]
        }
        rfc5912::ID_SHA_512 => vec![
            algorithms::ECDSA_P256_SHA512,
            algorithms::ECDSA_P384_SHA512,
            algorithms::ECDSA_P521_SHA512,
            algorithms::RSA_PKCS1_2048_8192_SHA512,
            algorithms::ED25519,
        ],
        _ => Vec::new(),
    }
}

/// A `GeneralizedTime` in UTC; parts of a second may follow (RFC 3161 section 2.4.2), which other uses of the type forbid.
fn time(field: &Any) -> Result<Timestamp, StampError> {
    let wrong = || StampError::Malformed("time");
    if field.tag() != Tag::GeneralizedTime {
        return Err(wrong());
    }
    let bytes = field.value();
    let mut reader = SliceReader::new(bytes).map_err(|_| wrong())?;
    let text = reader.read_slice(reader.input_len()).map_err(|_| wrong())?;
    let text = std::str::from_utf8(text).map_err(|_| wrong())?.strip_suffix('Z').ok_or_else(wrong)?;
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    if whole.len() != 14 || !whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    let at = DateTime::strptime("%Y%m%d%H%M%S", whole).map_err(|_| wrong())?;
    jiff::tz::TimeZone::UTC.to_timestamp(at).map_err(|_| wrong())
}
