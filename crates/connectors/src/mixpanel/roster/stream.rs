//! The same walk over an answer that is not made into a tree.
//!
//! What is small becomes a tree, and so does an object about one person, however large. Of anything else the parts are
//! looked at one by one, in the order of the answer, and forgotten.

use leaver_core::reading::Failure;
use serde_json::{Map, Value};

use super::{BESIDE, CURSOR, Found, MORES, NEXTS, Place, Scope, TOTALS, address, fields};
use crate::http::{Document, Shape, Span};
use crate::mixpanel::pages::cursor_in;

impl Found {
    /// Takes in one answer, and returns the cursor of the next page.
    ///
    /// # Errors
    /// Never with a document that was checked.
    pub(crate) fn page(&mut self, mut document: Document) -> Result<Option<String>, Failure> {
        let mut next = None;
        let results = document.results()?;
        let top = document.whole();
        for span in [Some(top), (results != top).then_some(results)].into_iter().flatten() {
            let counts = |key: &str| {
                TOTALS.contains(&key)
                    || NEXTS.contains(&key)
                    || MORES.contains(&key)
                    || BESIDE.contains(&key)
                    || key == CURSOR
            };
            let mut around = Map::new();
            for (key, span) in document.pick(span, counts)? {
                around.insert(key, document.value(span)?);
            }
            self.count_around(&around);
            next = next.or_else(|| around.get("pagination").and_then(cursor_in));
        }
        self.stream(&mut document, results, Place { key: None, scope: Scope::Organization, depth: 0 })?;
        Ok(next)
    }

    fn stream(&mut self, document: &mut Document, span: Span, place: Place<'_>) -> Result<(), Failure> {
        let shape = document.shape(span);
        if span.len() <= self.small || matches!(shape, Shape::Text | Shape::Other) {
            self.walk(&document.value(span)?, place);
            return Ok(());
        }
        if shape == Shape::Object {
            return self.stream_object(document, span, place);
        }
        let mut elements = document.elements(span);
        while let Some(element) = elements.next(document) {
            self.stream(document, element, Place { key: None, ..place })?;
            document.forget(elements.done());
        }
        Ok(())
    }

    fn stream_object(&mut self, document: &mut Document, span: Span, place: Place<'_>) -> Result<(), Failure> {
        let head = head(document, span)?;
        if fields::own_address(&head).is_some() || wraps_a_person(document, span)? || document.repeats(span)? {
            self.walk(&document.value(span)?, place);
            return Ok(());
        }
        let scope = place.inner(&head);
        let mut entries = document.entries(span);
        while let Some((key, value)) = entries.next(document)? {
            if let Some(address) = address(&key) {
                self.under_address(address, &document.value(value)?, place.below(Some(&key), scope));
            } else if !fields::skipped(&key) {
                self.stream(document, value, place.below(Some(&key), fields::scope(&key, scope)))?;
            }
            document.forget(entries.done());
        }
        Ok(())
    }
}

/// The fields by which it is told what an object is. What is no text and no number is only there.
fn head(document: &Document, span: Span) -> Result<Map<String, Value>, Failure> {
    let mut head = Map::new();
    for (key, span) in document.pick(span, fields::tells)? {
        let plain = matches!(document.shape(span), Shape::Text | Shape::Other);
        head.insert(key, if plain { document.value(span)? } else { Value::Null });
    }
    Ok(head)
}

/// Whether a field of the object holds a person.
fn wraps_a_person(document: &Document, span: Span) -> Result<bool, Failure> {
    for (_, inner) in document.pick(span, fields::wraps)? {
        if document.shape(inner) == Shape::Object && fields::own_address(&head(document, inner)?).is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}
