//! What draws a slip, in millimetres, in two passes over one layout: first what all slips share, then what differs.

use comporta_pdf::{Align, Colour, Fonts, Page, Size, Style, Weight};

use super::{Ready, Slip};

/// The sizes that a paragraph is tried in until it has room.
const SCALES: [f32; 3] = [1.0, 0.88, 0.75];
/// The size that it gets without: 5 of 8 points.
const SMALLEST: f32 = 0.62;

const POINTS: f32 = 72.0 / 25.4;
const INK: Colour = Colour::grey(0.07);
const QUIET: Colour = Colour::grey(0.36);
const RULE: f32 = 0.35;
/// Behind what a payer looks for first.
const WASH: Colour = Colour::grey(0.93);
/// From a box's edge to its text.
const PADDING: f32 = 1.2;
/// How much narrower letters may be set before a text is shortened.
const NARROWEST: f32 = 0.8;

pub(super) const LABEL: Style = Style::new(Weight::Regular, 5.8).colour(QUIET);
pub(super) const PLAIN: Style = Style::new(Weight::Regular, 8.5).colour(INK);
pub(super) const STRONG: Style = Style::new(Weight::Bold, 9.5).colour(INK);

/// What a box shows of a slip.
pub(super) type Value = for<'a> fn(&Slip<'a>) -> &'a str;

/// Where a box stands: its upper left corner and its size, in millimetres.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// A box of a row: its label, how wide it is, how its value looks, and which.
pub(super) struct Field(pub(super) &'static str, pub(super) f32, pub(super) Style, pub(super) Value);

/// See above.
pub(super) struct Pen<'p, 'd> {
    page: &'p mut Page<'d>,
    /// None while the form is drawn.
    values: Option<&'p Ready<'p, 'p>>,
    down: f32,
}

pub(super) const fn points(millimetres: f32) -> f32 {
    millimetres * POINTS
}

impl<'p, 'd> Pen<'p, 'd> {
    /// For what all slips share.
    pub(super) fn form(page: &'p mut Page<'d>) -> Self {
        Self { page, values: None, down: 0.0 }
    }

    /// For what this slip shows.
    pub(super) fn values(page: &'p mut Page<'d>, ready: &'p Ready<'p, 'p>) -> Self {
        Self { page, values: Some(ready), down: 0.0 }
    }

    pub(super) fn moved_down(self, down: f32) -> Self {
        Self { down, ..self }
    }

    /// The slip, in the pass of values.
    pub(super) fn ready(&self) -> Option<&'p Ready<'p, 'p>> {
        self.values
    }

    pub(super) fn fonts(&self) -> &'d Fonts {
        self.page.fonts()
    }

    /// The page and a point on it, for what is only drawn with values.
    pub(super) fn at(&mut self, x: f32, y: f32) -> (&mut Page<'d>, (f32, f32)) {
        (self.page, (points(x), points(y + self.down)))
    }

    /// A word that is on all slips.
    pub(super) fn word(&mut self, x: f32, y: f32, style: &Style, text: &str) {
        if self.values.is_none() {
            self.page.text(points(x), points(y + self.down), style, text);
        }
    }

    /// A thin line that is on all slips.
    pub(super) fn rule(&mut self, from: (f32, f32), to: (f32, f32)) {
        self.line(from, to, 0.45, RULE);
    }

    /// A heavy one.
    pub(super) fn bar(&mut self, from: (f32, f32), to: (f32, f32)) {
        self.line(from, to, 1.3, 0.0);
    }

    fn line(&mut self, from: (f32, f32), to: (f32, f32), width: f32, lightness: f32) {
        if self.values.is_none() {
            let [from, to] = [from, to].map(|(x, y)| (points(x), points(y + self.down)));
            self.page.grey_line(from, to, width, lightness);
        }
    }

    /// Where the paper is cut.
    pub(super) fn cut(&mut self, from: (f32, f32), to: (f32, f32)) {
        if self.values.is_none() {
            let [from, to] = [from, to].map(|(x, y)| (points(x), points(y + self.down)));
            self.page.dashed_line(from, to, 0.6, 2.5, 0.4);
        }
    }

    /// A shade that is on all slips.
    pub(super) fn wash(&mut self, area: Area) {
        if self.values.is_none() {
            let size = Size { width: points(area.width), height: points(area.height) };
            self.page.area((points(area.x), points(area.y + self.down)), size, WASH);
        }
    }

    /// A text of the slip on one line, in so many millimetres: set narrower, then shortened.
    pub(super) fn value(&mut self, x: f32, y: f32, style: &Style, width: f32, value: Value) {
        if let Some(ready) = self.values {
            self.text(x, y, style, width, value(ready.slip));
        }
    }

    /// The same of any text, whatever the pass.
    pub(super) fn text(&mut self, x: f32, y: f32, style: &Style, width: f32, text: &str) {
        if text.is_empty() {
            return;
        }
        let room = points(width);
        let (x, y) = (points(x), points(y + self.down));
        let fonts = self.page.fonts();
        let natural = fonts.width_in(style, fonts.beginning(style, text, room / NARROWEST));
        if natural <= room {
            self.page.text(x, y, style, text);
        } else {
            let stretch = style.stretch * (room / natural).max(NARROWEST);
            self.page.text_within(x, y, &style.stretch(stretch), text, room + 0.01);
        }
    }

    /// The label of a box, in its upper left corner.
    pub(super) fn label(&mut self, area: Area, label: &str) {
        self.word(area.x + PADDING, area.y + 2.3, &LABEL, label);
    }

    /// A box with a label above and a value below.
    pub(super) fn field(&mut self, area: Area, field: &Field) {
        let Field(label, _, style, value) = field;
        self.label(area, label);
        let inside = area.inside();
        let x = match style.align {
            Align::Left => inside.x,
            Align::Right => inside.x + inside.width,
            Align::Centre => inside.x + inside.width / 2.0,
        };
        self.value(x, area.y + area.height - 1.25, style, inside.width, *value);
    }

    /// A row of boxes, with lines below and between.
    pub(super) fn row(&mut self, (x, y): (f32, f32), height: f32, fields: &[Field]) {
        let mut left = x;
        for (number, field) in fields.iter().enumerate() {
            let width = field.1;
            if number > 0 {
                self.rule((left, y), (left, y + height));
            }
            self.field(Area { x: left, y, width, height }, field);
            left += width;
        }
        self.rule((x, y + height), (left, y + height));
    }

    /// As many lines of a text as a height has room for, the last shortened if there are more. Gives the height used.
    pub(super) fn paragraph(&mut self, area: Area, style: &Style, leading: f32, text: &str) -> f32 {
        let fonts = self.page.fonts();
        // Smaller, as far as it can be read, before anything of it is left out.
        let fits = |scale: f32| {
            let lines = fonts.lines(&Style { size: style.size * scale, ..*style }, text, points(area.width));
            lines.map(|_| leading * scale).sum::<f32>() <= area.height
        };
        let scale = SCALES.into_iter().find(|scale| fits(*scale)).unwrap_or(SMALLEST);
        let (style, leading) = (&Style { size: style.size * scale, ..*style }, leading * scale);
        let mut lines = fonts.lines(style, text, points(area.width));
        let mut down = leading;
        while down <= area.height {
            let before = lines.rest();
            let Some(line) = lines.next() else { break };
            let is_last = down + leading > area.height;
            let text = if is_last { before.split('\n').next().unwrap_or_default() } else { line };
            let (x, y) = (points(area.x), points(area.y + self.down + down));
            self.page.text_within(x, y, style, text, points(area.width));
            down += leading;
        }
        down - leading
    }
}

impl Area {
    /// Without the padding at its sides.
    pub(super) fn inside(self) -> Self {
        Self { x: self.x + PADDING, width: self.width - 2.0 * PADDING, ..self }
    }
}
