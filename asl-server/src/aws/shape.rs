//! The shapes of parameters and results. Each is one line of a model's text, read when it is met.

use std::borrow::Cow;
use std::ops::RangeInclusive;

/// Which shape: the number of its line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ShapeId(pub(crate) usize);

impl ShapeId {
    pub(super) fn read(word: &str) -> Option<ShapeId> {
        word.parse().ok().map(ShapeId)
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Shape<'m> {
    Structure(Structure<'m>),
    List(List<'m>),
    Map(Map<'m>),
    /// Text, of so many characters.
    String(Bounds),
    /// A text that may have a path before it, which does not count: `/hostedzone/Z1` (Route 53).
    Id,
    /// One of these words. (Only of what services answer: what they take, they check.)
    Enum(Words<'m>),
    Integer(Bounds),
    Float(Bounds),
    Boolean,
    Blob(Bounds),
    Timestamp(TimeForm),
    /// JSON, inside a text.
    Json,
    /// Any JSON.
    Document,
    /// No line of a model says this.
    Unknown,
}

/// How a time is written, where the protocol's own way is not meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeForm {
    /// As the protocol writes times at this place.
    Usual,
    Iso8601,
    Rfc822,
    Seconds,
}

pub(crate) type Bounds = RangeInclusive<f64>;

impl<'m> Shape<'m> {
    pub(super) fn read(line: &'m str) -> Shape<'m> {
        let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
        match kind {
            "structure" => Shape::Structure(Structure { text: rest, union: false }),
            "union" => Shape::Structure(Structure { text: rest, union: true }),
            "list" => List::read(rest).map_or(Shape::Unknown, Shape::List),
            "map" => Map::read(rest).map_or(Shape::Unknown, Shape::Map),
            "string" => Shape::String(bounds(rest)),
            "id" => Shape::Id,
            "enum" => Shape::Enum(Words(rest)),
            "integer" => Shape::Integer(bounds(rest)),
            "float" => Shape::Float(bounds(rest)),
            "boolean" => Shape::Boolean,
            "blob" => Shape::Blob(bounds(rest)),
            "timestamp" => match rest {
                "" => Shape::Timestamp(TimeForm::Usual),
                "iso8601" => Shape::Timestamp(TimeForm::Iso8601),
                "rfc822" => Shape::Timestamp(TimeForm::Rfc822),
                "unixTimestamp" => Shape::Timestamp(TimeForm::Seconds),
                _ => Shape::Unknown,
            },
            "json" => Shape::Json,
            "document" => Shape::Document,
            _ => Shape::Unknown,
        }
    }
}

/// `LOW..HIGH`, either of which may be missing.
fn bounds(text: &str) -> Bounds {
    let (low, high) = text.split_once("..").unwrap_or_default();
    low.parse().unwrap_or(f64::NEG_INFINITY)..=high.parse().unwrap_or(f64::INFINITY)
}

/// The words that an enumeration knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Words<'m>(&'m str);

impl Words<'_> {
    pub(crate) fn have(&self, word: &str) -> bool {
        // The generator writes these so, because blanks divide the words.
        let written = word.replace('%', "%25").replace(' ', "%20").replace('\n', "%0A");
        self.0.split(' ').any(|known| known == written)
    }
}

/// `ITEM [flat] [=NAME]`
#[derive(Clone, Copy, Debug)]
pub(crate) struct List<'m> {
    pub(crate) item: ShapeId,
    /// Without an element (or a level of the name) of its own.
    pub(crate) flat: bool,
    /// What its items are named in XML and in the query protocol, when not `member`.
    pub(crate) item_name: Option<&'m str>,
}

impl<'m> List<'m> {
    fn read(text: &'m str) -> Option<List<'m>> {
        let mut words = text.split(' ');
        let item = ShapeId::read(words.next()?)?;
        let (mut flat, mut item_name) = (false, None);
        for word in words {
            match word.strip_prefix('=') {
                Some(name) => item_name = Some(name),
                None => flat = true,
            }
        }
        Some(List { item, flat, item_name })
    }
}

/// `KEY VALUE [flat] [=KEYNAME,VALUENAME]`. Keys are texts, whatever else is said of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Map<'m> {
    pub(crate) value: ShapeId,
    pub(crate) flat: bool,
    pub(crate) key_name: &'m str,
    pub(crate) value_name: &'m str,
}

impl<'m> Map<'m> {
    fn read(text: &'m str) -> Option<Map<'m>> {
        let mut words = text.split(' ');
        let (_, value) = (words.next()?, ShapeId::read(words.next()?)?);
        let mut map = Map { value, flat: false, key_name: "key", value_name: "value" };
        for word in words {
            match word.strip_prefix('=').and_then(|names| names.split_once(',')) {
                Some((key_name, value_name)) => (map.key_name, map.value_name) = (key_name, value_name),
                None => map.flat = true,
            }
        }
        Some(map)
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Structure<'m> {
    text: &'m str,
    /// Has exactly one of its members.
    pub(crate) union: bool,
}

impl<'m> Structure<'m> {
    pub(crate) fn members(self) -> impl Iterator<Item = Member<'m>> {
        self.text.split(' ').filter_map(Member::read)
    }
}

/// Where a member of an operation's parameters or result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Body,
    Uri,
    Query,
    Header,
    /// In all headers whose names begin with this one.
    Headers,
    Status,
}

/// `NAME[~|=WIRE]|SHAPE[LETTERS][,QUERYNAME]`
#[derive(Clone, Debug)]
pub(crate) struct Member<'m> {
    /// As Step Functions spells it.
    pub(crate) name: &'m str,
    /// As it is on the wire.
    pub(crate) wire: Cow<'m, str>,
    pub(crate) shape: ShapeId,
    pub(crate) place: Place,
    pub(crate) required: bool,
    /// It alone is the body.
    pub(crate) payload: bool,
    /// It is that as it is, of any length.
    pub(crate) streaming: bool,
    /// An attribute of the element, in XML.
    pub(crate) attribute: bool,
    /// When it is left out, something that identifies the call.
    pub(crate) token: bool,
    /// A label in the host's name.
    pub(crate) host: bool,
    /// A stream of events, which nobody can wait for.
    pub(crate) events: bool,
    /// The name in EC2's protocol.
    pub(crate) query: Option<&'m str>,
}

impl<'m> Member<'m> {
    fn read(text: &'m str) -> Option<Member<'m>> {
        let (names, rest) = text.split_once('|')?;
        let (name, wire) = match (names.strip_suffix('~'), names.split_once('=')) {
            (Some(name), _) => (name, Cow::Owned(uncapital(name))),
            (None, Some((name, wire))) => (name, Cow::Borrowed(wire)),
            (None, None) => (names, Cow::Borrowed(names)),
        };
        let (rest, query) = rest.split_once(',').map_or((rest, None), |(rest, query)| (rest, Some(query)));
        let letters = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let shape = ShapeId::read(&rest[..rest.len() - letters.len()])?;
        let has = |letter: char| letters.contains(letter);
        let place = match () {
            () if has('u') => Place::Uri,
            () if has('q') => Place::Query,
            () if has('h') => Place::Header,
            () if has('H') => Place::Headers,
            () if has('c') => Place::Status,
            () => Place::Body,
        };
        Some(Member {
            name,
            wire,
            shape,
            place,
            required: has('!'),
            payload: has('p'),
            streaming: has('s'),
            attribute: has('a'),
            token: has('t'),
            host: has('o'),
            events: has('e'),
            query,
        })
    }

    /// Of parameters: it goes into the body.
    pub(crate) fn is_in_body(&self) -> bool {
        self.place == Place::Body
    }

    /// Of a result: it is in the body.
    pub(crate) fn is_answered_in_body(&self) -> bool {
        !matches!(self.place, Place::Header | Place::Headers | Place::Status)
    }

    /// May a parameter be called this? `DBInstanceIdentifier` is known as well as `DbInstanceIdentifier`, which Step Functions
    /// writes.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        self.name == name || capital(&self.wire) == name
    }

    /// As the service itself spells the member, with a capital letter: `MD5OfBody` where the SDK's spelling is `Md5OfBody`.
    /// Optimised integrations write it so.
    pub(crate) fn own_name(&self) -> Cow<'m, str> {
        match &*self.wire {
            // The SDK for Java has no such name, as it would be a keyword.
            "NULL" => Cow::Borrowed("NULL"),
            wire if wire.eq_ignore_ascii_case(self.name) && wire != self.name => Cow::Owned(capital(wire)),
            _ => Cow::Borrowed(self.name),
        }
    }
}

/// `tableName` → `TableName`
pub(crate) fn capital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// `TableName` → `tableName`
pub(crate) fn uncapital(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map(|first| first.to_ascii_lowercase()).into_iter().chain(letters).collect()
}
