//! What the twin knows to be true, held against what the product says. It shares no code with the judge.
