//! Makes the C side of the crate: its header, and what the linker is told about the
//! shared object.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const HEADER: &str = "include/httpclient.h";
const HEADER_TOP: &str = "packaging/header-top.txt";
const SYMBOLS: &str = "docs/symbols.txt";
/// The linker that lets a version script through (see the file).
const LINKER: &str = "cc-versioned";

fn main() -> Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    // A folder stands for every file below it.
    for input in ["build.rs", "cbindgen.toml", "src", HEADER_TOP, SYMBOLS] {
        println!("cargo:rerun-if-changed={input}");
    }
    let Some(header) = header(&root)? else {
        return Ok(());
    };
    if !keep(&root.join(HEADER), &header) {
        // To cargo, a file written just now has changed since: it would build all over again.
        println!("cargo:rerun-if-changed={HEADER}");
    }
    if env::var("CARGO_CFG_TARGET_OS")? == "linux" {
        link(&root, &header)?;
    }
    Ok(())
}

/// The header that `src/ffi` and `src/error.rs` make; `None` when that cannot be read or parsed, which rustc is
/// about to explain better than cbindgen would.
fn header(root: &Path) -> Result<Option<String>> {
    let mut config = cbindgen::Config::from_file(root.join("cbindgen.toml"))?;
    config.header = Some(
        fs::read_to_string(root.join(HEADER_TOP))?
            .trim_end()
            .to_owned(),
    );
    config.after_includes = Some(macros()?);
    config.export.include = enums(&root.join("src/ffi"))?;
    // From these files cbindgen follows `mod` lines only, so what C sees is the status codes and
    // what the ffi room holds, in the order in which it holds it.
    let made = cbindgen::Builder::new()
        .with_config(config)
        .with_src(root.join("src/error.rs"))
        .with_src(root.join("src/ffi/mod.rs"))
        .generate();
    match made {
        Ok(bindings) => {
            let mut text = Vec::new();
            bindings.write(&mut text);
            // What Rust calls the safety section is, to C, a precondition.
            let text = String::from_utf8(text)?.replace("# Safety\n * ", "@pre ");
            Ok(Some(text))
        }
        Err(
            cbindgen::Error::ParseSyntaxError { .. } | cbindgen::Error::ParseCannotOpenFile { .. },
        ) => Ok(None),
        Err(e) => Err(e.into()),
    }
}

/// The enums of the ffi room, in its order. Calls take and give them as `int32_t`, so that to
/// cbindgen nothing uses them.
fn enums(room: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for line in fs::read_to_string(room.join("mod.rs"))?.lines() {
        let module = line.strip_prefix("pub mod ");
        let Some(module) = module.and_then(|rest| rest.strip_suffix(';')) else {
            continue;
        };
        let code = fs::read_to_string(room.join(module).with_extension("rs"))?;
        let names = code
            .lines()
            .filter_map(|line| line.strip_prefix("pub enum "));
        found.extend(names.map(|rest| rest.trim_end_matches(" {").to_owned()));
    }
    Ok(found)
}

/// What only the preprocessor can say (the numbers come from Cargo.toml), and the one constant
/// for which cbindgen has no words, `usize::MAX`.
fn macros() -> Result<String> {
    let version = env::var("CARGO_PKG_VERSION")?;
    let part =
        |name: &str| -> Result<u32> { Ok(env::var(format!("CARGO_PKG_VERSION_{name}"))?.parse()?) };
    let (major, minor, patch) = (part("MAJOR")?, part("MINOR")?, part("PATCH")?);
    Ok(format!(
        r#"
/** The version this header came with. hc_version() is the one that runs. */
#define HC_VERSION "{version}"
/** Its first number. */
#define HC_VERSION_MAJOR {major}
/** Its second number. */
#define HC_VERSION_MINOR {minor}
/** Its third number. */
#define HC_VERSION_PATCH {patch}
/** The same as one number, 0xXXYYZZ, that can be compared. */
#define HC_VERSION_NUM 0x{major:02x}{minor:02x}{patch:02x}
/** Whether this header is of version x.y.z or a later one; the preprocessor can ask it. */
#define HC_AT_LEAST_VERSION(x, y, z) \
  (HC_VERSION_NUM >= (((x) << 16) | ((y) << 8) | (z)))

/** In place of a string's length: it ends at its NUL. */
#define HC_ZSTR SIZE_MAX
/** A header field of two strings that end in a NUL, to initialise an hc_header:
 * `const hc_header fields[] = {{HC_FIELD("Accept", "text/plain"), HC_FIELD("TE", "trailers")}}`. */
#define HC_FIELD(name, value) {{(name), HC_ZSTR, (value), HC_ZSTR}}

#ifndef HC_EXTERN
#if defined(_WIN32) && !defined(HC_STATIC)
#define HC_EXTERN __declspec(dllimport)
#else
#define HC_EXTERN
#endif
#endif

/* Define HC_NO_WARNINGS before the include to be spared the compiler's advice. */
#if !defined(HC_NO_WARNINGS) && (defined(__GNUC__) || defined(__clang__))
/** The compiler warns of a result that nobody looks at. */
#define HC_WARN_UNUSED __attribute__((warn_unused_result))
/** The compiler warns of a call that will go away, and says what is in its place. */
#define HC_DEPRECATED(note) __attribute__((deprecated(note)))
#else
#define HC_WARN_UNUSED
#define HC_DEPRECATED(note)
#endif"#
    ))
}

/// Writes the committed header when it is not what it should be, and says whether it did.
fn keep(path: &Path, header: &str) -> bool {
    if fs::read_to_string(path).is_ok_and(|kept| kept == header) {
        return false;
    }
    let dir = path.parent().unwrap_or(path);
    // A registry's or a read-only tree has to live with the copy it came with.
    match fs::create_dir_all(dir).and_then(|()| fs::write(path, header)) {
        Ok(()) => true,
        Err(e) => {
            println!("cargo:warning={HEADER} is not what src/ffi makes, and stays so: {e}");
            false
        }
    }
}

fn link(root: &Path, header: &str) -> Result<()> {
    println!("cargo:rerun-if-env-changed=HC_SANITIZED");
    let major = env::var("CARGO_PKG_VERSION_MAJOR")?;
    println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libhttpclient.so.{major}");
    // nodelete: a lookup that was given up goes on in a thread of its own, which must find its code
    // after dlclose(3); so must what this library left with the threads of the program.
    for keyword in ["relro", "now", "noexecstack", "nodelete"] {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,{keyword}");
    }
    // The sanitizers' runtime is in the program, not in what it links.
    if env::var_os("HC_SANITIZED").is_none() {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,defs");
    }
    let map = PathBuf::from(env::var("OUT_DIR")?).join("libhttpclient.map");
    fs::write(&map, version_script(root, header)?)?;
    // Any other linker gets rustc's own list of exports, and a second one would be an error
    // (GNU ld) or be ignored (lld): the symbols are then the same, without versions.
    if env::var("RUSTC_LINKER").is_ok_and(|linker| linker.ends_with(LINKER)) {
        println!(
            "cargo:rustc-cdylib-link-arg=-Wl,--version-script={}",
            map.display()
        );
    }
    Ok(())
}

/// One node for each release that brought symbols, each on top of the one before.
///
/// The names are the header's, so that a function under way can be linked and tried before
/// it is written down; `make test` fails while it is not.
fn version_script(root: &Path, header: &str) -> Result<String> {
    let list = fs::read_to_string(root.join(SYMBOLS))?;
    let mut since: BTreeMap<&str, &str> = list
        .lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect();
    let version = env::var("CARGO_PKG_VERSION")?;
    let mut nodes: BTreeMap<(u32, u32), Vec<&str>> = BTreeMap::new();
    let mut unlisted = Vec::new();
    for name in functions(header) {
        let release = since.remove(name).unwrap_or_else(|| {
            unlisted.push(name);
            &version
        });
        let mut numbers = release.split('.').map(str::parse::<u32>);
        let (Some(Ok(major)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else {
            return Err(format!("{SYMBOLS}: {name} {release}: not a version").into());
        };
        nodes.entry((major, minor)).or_default().push(name);
    }
    if !unlisted.is_empty() {
        println!(
            "cargo:warning={SYMBOLS} lacks {}: run `make symbols`",
            unlisted.join(", ")
        );
    }
    if !since.is_empty() {
        let gone: Vec<_> = since.into_keys().collect();
        println!(
            "cargo:warning={SYMBOLS} has {}, the header has not",
            gone.join(", ")
        );
    }
    let mut script = String::new();
    let mut before = String::new();
    for ((major, minor), names) in nodes {
        let hide = if before.is_empty() { " local: *;" } else { "" };
        let node = format!("HTTPCLIENT_{major}.{minor}");
        script += &format!(
            "{node} {{ global: {};{hide} }}{before};\n",
            names.join("; ")
        );
        before = format!(" {node}");
    }
    Ok(script)
}

/// The functions that the header declares: names before a bracket, outside comments and macros.
fn functions(header: &str) -> impl Iterator<Item = &str> {
    let code = header
        .lines()
        .filter(|line| !line.trim_start().starts_with(['*', '/', '#']));
    let before_bracket = code.flat_map(|line| {
        line.match_indices('(')
            .map(|(at, _)| line.split_at(at).0)
            .filter_map(|left| left.rsplit(|c: char| !is_name(c)).next())
    });
    before_bracket.filter(|name| ["hc", "hr", "hm"].iter().any(|room| name.starts_with(room)))
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
