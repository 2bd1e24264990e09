//! Invented names; every domain ends in `.example`.

/// The customer's own domain.
pub(super) const CUSTOMER: &str = "brightwater.example";
/// The agency's domain.
pub(super) const AGENCY: &str = "northlight-studio.example";
/// Other outside domains.
pub(super) const OUTSIDE: [&str; 3] = ["harbour-analytics.example", "tallgrass-media.example", "freelance.example"];

/// The leaver's name, chosen by the seed.
pub(super) const LEAVERS: [(&str, &str); 6] = [
    ("Mara", "Okafor"),
    ("Jonas", "Lindqvist"),
    ("Priya", "Raman"),
    ("Tomas", "Havel"),
    ("Elif", "Demir"),
    ("Noah", "Castellan"),
];

/// Given names.
pub(super) const FIRST: [&str; 24] = [
    "Anja", "Bilal", "Chiara", "Dmitri", "Esther", "Farid", "Greta", "Hugo", "Imani", "Jun", "Katya", "Luis", "Mei",
    "Nadia", "Oskar", "Paula", "Quentin", "Rosa", "Samir", "Tova", "Ursula", "Viktor", "Wanda", "Yusuf",
];

/// Family names.
pub(super) const LAST: [&str; 24] = [
    "Abbott",
    "Bergstrom",
    "Castro",
    "Dvorak",
    "Eriksen",
    "Fontaine",
    "Grewal",
    "Hartmann",
    "Ibarra",
    "Jansen",
    "Kowalski",
    "Lindgren",
    "Moreau",
    "Novak",
    "Okonkwo",
    "Petrov",
    "Quist",
    "Rinaldi",
    "Sato",
    "Thorne",
    "Ueda",
    "Vargas",
    "Weiss",
    "Zielinski",
];

/// Events that reports show.
pub(super) const EVENTS: [&str; 8] = [
    "Signed Up",
    "Product Viewed",
    "Added To Cart",
    "Checkout Started",
    "Order Placed",
    "Campaign Clicked",
    "Article Read",
    "Search Performed",
];

/// What boards and cohorts are about.
pub(super) const TOPICS: [&str; 12] = [
    "Acquisition",
    "Activation",
    "Retention",
    "Checkout",
    "Onboarding",
    "Search",
    "Newsletter",
    "Loyalty",
    "Returns",
    "App performance",
    "Pricing",
    "Referrals",
];
