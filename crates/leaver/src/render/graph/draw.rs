//! The picture as SVG: four columns, lines between them. Colour is never alone: each state has its own line and its own word.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use leaver_core::ids::ProjectId;

use super::{Channel, Picture, Seen};

/// Left edge and width of the columns: person, channels, ways, projects.
const COLUMNS: [(u32, u32); 4] = [(24, 270), (364, 200), (634, 290), (1014, 230)];
const WIDTH: u32 = 1268;
const BOX: u32 = 44;
const GAP: u32 = 14;
/// Between the ways of two channels.
const WIDE: u32 = 30;
const TOP: u32 = 96;

const STYLE: &str = "\
.bg{fill:#fff}.b{fill:#f6f8fa;stroke:#d0d7de}.t{fill:#1f2328;font-size:13px;font-weight:600}.u{fill:#59636e;font-size:11px}\
.h{fill:#1f2328;font-size:18px;font-weight:600}.s{font-size:11px;font-weight:600}.e{fill:none}\
.open{stroke:#cf222e;stroke-width:2.4}.unknown{stroke:#9a6700;stroke-width:2;stroke-dasharray:8 5}\
.closed{stroke:#1a7f37;stroke-width:1.6;stroke-dasharray:2 4}.stays{stroke:#6e7781;stroke-width:1.6}\
.topen{fill:#cf222e}.tunknown{fill:#9a6700}.tclosed{fill:#1a7f37}.tstays{fill:#59636e}\
@media(prefers-color-scheme:dark){.bg{fill:#0d1117}.b{fill:#161b22;stroke:#3d444d}.t,.h{fill:#f0f6fc}.u{fill:#9198a1}\
.open{stroke:#ff7b72}.unknown{stroke:#e3b341}.closed{stroke:#56d364}.stays{stroke:#9198a1}\
.topen{fill:#ff7b72}.tunknown{fill:#e3b341}.tclosed{fill:#56d364}.tstays{fill:#9198a1}}";

/// A document with its own style; it needs nothing from outside.
pub(super) fn svg(picture: &Picture) -> String {
    let ways = stack(&picture.channels);
    let way_end = ways.iter().flatten().max().map_or(TOP, |top| top + BOX);
    let channel_tops: Vec<u32> = ways.iter().map(|tops| middle(tops)).collect();
    let projects = beside(picture, &ways);
    let person = middle(&channel_tops);
    let end = projects.values().map(|top| top + BOX).chain([way_end, person + BOX]).max().unwrap_or(way_end);
    let legend = end + 44;
    let height = legend + 44;

    let mut lines = String::new();
    let mut boxes = String::new();
    node(&mut boxes, 0, person, &picture.leaver, &picture.account, None);
    for ((channel, tops), top) in picture.channels.iter().zip(&ways).zip(&channel_tops) {
        let seen = channel.seen();
        edge(&mut lines, 0, person, *top, seen);
        node(&mut boxes, 1, *top, channel.title, &channel.under, Some(seen));
        for (way, way_top) in channel.ways.iter().zip(tops) {
            edge(&mut lines, 1, *top, *way_top, way.seen);
            node(&mut boxes, 2, *way_top, &way.title, &way.under, Some(way.seen));
            for project_top in way.projects.iter().filter_map(|project| projects.get(project)) {
                edge(&mut lines, 2, *way_top, *project_top, way.seen);
            }
        }
    }
    for (project, top) in &projects {
        let name = picture.projects.get(project).map(String::as_str).filter(|name| !name.is_empty());
        node(&mut boxes, 3, *top, name.unwrap_or("project"), &format!("project {project}"), None);
    }
    let mut signs = String::new();
    let mut x = COLUMNS[0].0;
    for seen in Seen::ALL {
        let _ = write!(
            signs,
            "<path class=\"e {word}\" d=\"M{x} {y}h44\"/><text class=\"s t{word}\" x=\"{text}\" y=\"{below}\">{says}</text>",
            word = seen.word(),
            y = legend,
            text = x + 52,
            below = legend + 4,
            says = seen.says()
        );
        x += 250;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         role=\"img\" aria-label=\"{head}\" font-family=\"system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif\">\
         <style>{STYLE}</style>\n<rect class=\"bg\" width=\"{WIDTH}\" height=\"{height}\"/>\n\
         <text class=\"h\" x=\"{left}\" y=\"40\">{shown}</text><text class=\"u\" x=\"{left}\" y=\"62\">{under}</text>\n\
         {lines}\n{boxes}\n{signs}\n<text class=\"u\" x=\"{left}\" y=\"{foot_y}\">{foot}</text></svg>\n",
        head = escaped(&picture.head),
        left = COLUMNS[0].0,
        shown = escaped(&short(&picture.head, 110)),
        under = escaped(&short(&picture.under, 170)),
        foot_y = legend + 26,
        foot = escaped(&picture.foot),
    )
}

/// The ways from top to bottom, channel by channel.
fn stack(channels: &[Channel]) -> Vec<Vec<u32>> {
    let mut top = TOP;
    let mut tops = Vec::new();
    for channel in channels {
        let mut own = Vec::new();
        for _ in &channel.ways {
            own.push(top);
            top += BOX + GAP;
        }
        top += WIDE - GAP;
        tops.push(own);
    }
    tops
}

/// The middle of the first and the last.
fn middle(tops: &[u32]) -> u32 {
    let first = tops.first().copied().unwrap_or(TOP);
    u32::midpoint(first, tops.last().copied().unwrap_or(first))
}

/// The projects, each as near as can be to the ways that lead to it, none on top of another.
fn beside(picture: &Picture, ways: &[Vec<u32>]) -> BTreeMap<ProjectId, u32> {
    let mut led: BTreeMap<ProjectId, Vec<u32>> = BTreeMap::new();
    for (channel, tops) in picture.channels.iter().zip(ways) {
        for (way, top) in channel.ways.iter().zip(tops) {
            for project in &way.projects {
                led.entry(*project).or_default().push(*top);
            }
        }
    }
    let mean = |tops: &[u32]| tops.iter().sum::<u32>() / u32::try_from(tops.len()).unwrap_or(1).max(1);
    let mut order: Vec<(u32, ProjectId)> = led.iter().map(|(project, tops)| (mean(tops), *project)).collect();
    order.sort_unstable();
    let mut next = TOP;
    order
        .into_iter()
        .map(|(wanted, project)| {
            let top = wanted.max(next);
            next = top + BOX + GAP;
            (project, top)
        })
        .collect()
}

/// A box; one that stands for a claim has the colour and the word of what was seen.
fn node(out: &mut String, column: usize, top: u32, title: &str, under: &str, seen: Option<Seen>) {
    let Some((left, width)) = COLUMNS.get(column).copied() else { return };
    // A bold letter of this size is about eight wide, one below it about six; the word at the right needs its place.
    let room = width - 28;
    let word = seen.map_or(0, |seen| seen.word().len() * 7 + 10);
    let fits = |letter: usize, less: usize| usize::try_from(room).unwrap_or(200).saturating_sub(less) / letter;
    let _ = write!(
        out,
        "<g><title>{whole}</title><rect class=\"b\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{BOX}\" rx=\"8\"/>\
         <text class=\"t\" x=\"{text}\" y=\"{title_y}\">{title}</text><text class=\"u\" x=\"{text}\" y=\"{under_y}\">{under}</text>",
        whole = escaped(&format!("{title}, {under}")),
        text = left + 16,
        title_y = top + 19,
        under_y = top + 35,
        title = escaped(&short(title, fits(8, word))),
        under = escaped(&short(under, fits(6, 0))),
    );
    if let Some(seen) = seen {
        let _ = write!(
            out,
            "<rect class=\"t{word}\" x=\"{left}\" y=\"{bar}\" width=\"4\" height=\"28\" rx=\"2\"/>\
             <text class=\"s t{word}\" x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{word}</text>",
            word = seen.word(),
            bar = top + 8,
            x = left + width - 12,
            y = top + 19,
        );
    }
    out.push_str("</g>");
}

/// A line from one column to the next.
fn edge(out: &mut String, column: usize, from: u32, to: u32, seen: Seen) {
    let (Some((left, width)), Some((right, _))) = (COLUMNS.get(column), COLUMNS.get(column + 1)) else { return };
    let (x1, x2) = (left + width, *right);
    let (y1, y2) = (from + BOX / 2, to + BOX / 2);
    let middle = u32::midpoint(x1, x2);
    let _ = write!(
        out,
        "<path class=\"e {word}\" d=\"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}\"><title>{says}</title></path>",
        word = seen.word(),
        says = seen.says(),
    );
}

/// As much of a text as fits; wide letters count twice.
fn short(text: &str, fits: usize) -> String {
    let wide = |c: char| if u32::from(c) >= 0x1100 { 2 } else { 1 };
    if text.chars().map(wide).sum::<usize>() <= fits {
        return text.to_owned();
    }
    let mut left = fits.saturating_sub(1);
    let mut kept: String = text
        .chars()
        .take_while(|c| {
            let fits = left >= wide(*c);
            left = left.saturating_sub(wide(*c));
            fits
        })
        .collect();
    kept.push('…');
    kept
}

/// Text that stays text, whatever the vendor's people wrote into a title.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // Not allowed in XML, or turning the reading direction of what follows.
            '\u{fffe}' | '\u{ffff}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
            c if c.is_control() => safe.push(' '),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::{escaped, short};

    #[test]
    fn a_title_cannot_leave_its_place() {
        let title = "</text><script>alert('x')</script>\u{1b}[2J\u{202e}&";
        assert_eq!(escaped(title), "&lt;/text&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; [2J&amp;");
    }

    #[test]
    fn a_long_title_is_cut_and_says_so() {
        assert_eq!(short("short", 5), "short");
        assert_eq!(short("longer", 5), "long…");
        assert_eq!(short("東京都庁", 5), "東京…");
    }
}
