//! Model files: what is saved comes back, and nothing that is not a model gets in.

mod common;

use common::{bits, circle, classifier, options};
use inverted_dropout::nn::*;
use inverted_dropout::stream::{Address, Domain, word};
use inverted_dropout::{Code, Error};

fn trained() -> Model {
    let mut model = classifier(1);
    model.fit(&circle(1, 60), None, &options(1), &Control::new(), &mut ()).unwrap();
    model
}

/// A file of this header and data.
fn file(header: &str, data: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), data].concat()
}

/// Header and data of a file.
fn parts(bytes: &[u8]) -> (String, Vec<u8>) {
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    (String::from_utf8(bytes[8..8 + length].to_vec()).unwrap(), bytes[8 + length..].to_vec())
}

fn refused(bytes: &[u8], code: Code) -> Error {
    let error = Model::from_bytes(bytes).unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    error
}

#[test]
fn what_is_saved_comes_back() {
    let model = trained();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.safetensors");
    model.save(&path).unwrap();
    model.save(&path).unwrap(); // replaces what is there
    let again = Model::load(&path).unwrap();
    assert_eq!(again.config(), model.config());
    assert_eq!(again.trained(), model.trained());
    assert!(bits(again.parameters().values()) == bits(model.parameters().values()));
    assert!(bits(again.network().buffers().values()) == bits(model.network().buffers().values()));
    assert_eq!(again.to_bytes(), model.to_bytes());
    assert_eq!(std::fs::read(&path).unwrap(), model.to_bytes());
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside the file");
}

#[test]
fn other_programs_can_read_the_tensors() {
    let model = trained();
    let bytes = model.to_bytes();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let weight = tensors.tensor("layers.1.weight").unwrap();
    assert_eq!(weight.shape(), [32, 2]);
    let values: Vec<u8> = model
        .parameters()
        .get("layers.1.weight")
        .unwrap()
        .iter()
        .flat_map(|value| value.to_le_bytes())
        .collect();
    assert_eq!(weight.data(), values);
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let error = trained().save(folder.path().join("missing").join("model.safetensors")).unwrap_err();
    assert_eq!(error.code(), Code::Io);
    // A folder cannot be replaced by a file; what was written aside is taken away again.
    let taken = folder.path().join("taken");
    std::fs::create_dir(&taken).unwrap();
    assert_eq!(trained().save(&taken).unwrap_err().code(), Code::Io);
    assert_eq!(trained().save(folder.path().join("..")).unwrap_err().code(), Code::Io);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

#[test]
fn what_is_not_a_file_of_ours_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Model::load(folder.path().join("missing")).unwrap_err().code(), Code::Io);
    assert_eq!(Model::load(folder.path()).unwrap_err().code(), Code::NotAModel);
    refused(b"mean_radius,mean_texture,diagnosis\n17.99,10.38,malignant\n", Code::NotAModel);
    refused(&[0; 64], Code::NotAModel);
    refused(&file(r#"{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#, &[0; 4]), Code::NotAModel);
    refused(&file(r#"{"__metadata__":{"format":"pt"}}"#, &[]), Code::NotAModel);
    refused(&u64::MAX.to_le_bytes(), Code::NotAModel);
}

#[test]
fn every_truncation_is_an_error_and_most_say_so() {
    let bytes = trained().to_bytes();
    for length in 0..bytes.len() {
        let error = Model::from_bytes(&bytes[..length]).unwrap_err();
        // Cut within the first bytes of the header nothing shows any more whose file it was.
        let expected = if (8..25).contains(&length) { Code::NotAModel } else { Code::Truncated };
        assert_eq!(error.code(), expected, "{length} bytes: {error}");
    }
    let mut longer = bytes;
    longer.extend([0; 4]);
    refused(&longer, Code::Corrupt);
}

#[test]
fn newer_versions_are_told_apart_from_damage() {
    let (header, data) = parts(&trained().to_bytes());
    let error = refused(&file(&header.replace(r#""version":"1""#, r#""version":"2""#), &data), Code::Version);
    assert!(error.to_string().contains("version 2"), "{error}");
    refused(&file(&header.replace(r#"\"version\":1"#, r#"\"version\":2"#), &data), Code::Version);
    refused(&file(&header.replace(r#""version":"1""#, r#""version":"x""#), &data), Code::Corrupt);
    // Tensors of a type that only a newer version knows.
    let newer = header.replace(r#""version":"1""#, r#""version":"7""#).replace("F32", "F4096");
    refused(&file(&newer, &data), Code::Version);
}

#[test]
fn hostile_contents_are_refused_before_memory_is_taken() {
    let (header, data) = parts(&trained().to_bytes());
    let with = |from: &str, to: &str| {
        assert!(header.contains(from), "{from}");
        file(&header.replace(from, to), &data)
    };
    let units = r#"\"units\":32"#;
    assert!(header.contains(units), "{header}");
    // 2^30 units by 2^30 inputs; 2^30 parameters; shapes whose product overflows; offsets outside of the file.
    refused(&with(units, r#"\"units\":1073741824"#), Code::Corrupt);
    refused(&with(units, r#"\"units\":20000"#), Code::Corrupt);
    refused(&with(units, r#"\"units\":33"#), Code::Corrupt);
    refused(&with(r#"[32,2]"#, r#"[4294967296,4294967296,4294967296]"#), Code::Corrupt);
    refused(&with(r#"[32,2]"#, r#"[64,1]"#), Code::Corrupt);
    refused(&with(r#"[32,2]"#, r#"[-32,2]"#), Code::Corrupt);
    refused(&with(r#""data_offsets":[0,"#, r#""data_offsets":[18446744073709551615,"#), Code::Corrupt);
    refused(&with("layers.1.weight", "layers.9.weight"), Code::Corrupt);
    refused(&with("F32", "I32"), Code::Corrupt);
    refused(&with(r#"\"rate\":0.2"#, r#"\"rate\":7"#), Code::Corrupt);
    refused(&with(r#""trained""#, r#""drained""#), Code::Corrupt);
    // More steps than can key masks, and epochs without steps.
    let steps = format!(r#"\"steps\":{}"#, trained().trained().steps);
    let epochs = format!(r#"\"epochs\":{}"#, trained().trained().epochs);
    refused(&with(&steps, r#"\"steps\":4294967296"#), Code::Corrupt);
    refused(&with(&steps, r#"\"steps\":18446744073709551615"#), Code::Corrupt);
    refused(&with(&epochs, r#"\"epochs\":18446744073709551615"#), Code::Corrupt);
    with(&steps, r#"\"steps\":4294967295"#);
    refused(&with(r#""config""#, r#""konfig""#), Code::Corrupt);
    // A tensor more than the configuration has.
    let extra = header.trim_end().strip_suffix('}').unwrap().to_owned();
    let end = data.len();
    let extra =
        format!(r#"{extra},"extra":{{"dtype":"F32","shape":[1],"data_offsets":[{end},{}]}}}}"#, end + 4);
    let error = refused(&file(&extra, &[&data[..], &[0; 4]].concat()), Code::Corrupt);
    assert!(error.to_string().contains("`extra`"), "{error}");
    // Deep nesting must not exhaust the stack.
    let deep = format!(r#"{{"__metadata__":{{"a":{}"#, "[".repeat(1_000_000));
    refused(&file(&deep, &[]), Code::Corrupt);
}

/// Random changes of valid files, models and checkpoints, with a fixed seed: whatever comes of them is a model or an
/// error, never a panic.
#[test]
fn mutated_files_never_panic() {
    const CASES: u32 = 20_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let stopping = EarlyStopping { monitor: "loss".into(), patience: 9, min_delta: 0.0, restore_best: true };
    let run = FitOptions { early_stopping: Some(stopping), ..options(2) };
    let data = circle(1, 40);
    let saving = FitOptions {
        checkpoint: Some(CheckpointOptions::new(&path)),
        ..FitOptions { epochs: 1, ..run.clone() }
    };
    classifier(1).fit(&data, None, &saving, &Control::new(), &mut ()).unwrap();
    let originals = [trained().to_bytes(), std::fs::read(&path).unwrap()];

    let (mut accepted, mut codes) = (0, std::collections::BTreeMap::new());
    for case in 0..CASES {
        let address = Address { seed: 7, domain: Domain::User, sample: case, ..Address::default() };
        let mut draws = 0;
        let mut random = |below: usize| {
            draws += 1;
            word(&address, draws) as usize % below
        };
        let is_checkpoint = random(2) == 1;
        let mut bytes = originals[is_checkpoint as usize].clone();
        let header = 8 + u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
        for _ in 0..1 + random(4) {
            if bytes.len() < 2 {
                break;
            }
            let at = match random(4) {
                0 => random(8),
                1 => random(bytes.len()),
                _ => random(header),
            }
            .min(bytes.len() - 1);
            match random(6) {
                0 => bytes[at] ^= 1 << random(8),
                1 => bytes[at] = b"0123456789-.e[]{}\",:\\"[random(21)],
                2 => bytes.truncate(at.max(1)),
                3 => drop(bytes.remove(at)),
                4 => bytes.insert(at, b"09[{\"\\"[random(6)]),
                _ => {
                    let from = random(bytes.len());
                    let length = random(64).min(bytes.len() - from.max(at));
                    bytes.copy_within(from..from + length, at);
                }
            }
        }
        let result = Model::from_bytes(&bytes).map(|_| ());
        match &result {
            Ok(()) => accepted += 1,
            Err(error) => *codes.entry(error.code().as_str()).or_insert(0) += 1,
        }
        // A tenth of the checkpoints are resumed from as well; going on may succeed or be refused.
        if is_checkpoint && case % 10 == 0 {
            std::fs::write(&path, &bytes).unwrap();
            let resuming = FitOptions { resume: Some(path.clone()), ..run.clone() };
            let _ = classifier(1).fit(&data, None, &resuming, &Control::new(), &mut ());
        }
    }
    // The mutations reach all kinds of damage, and some do no harm (a changed weight is still a weight).
    assert!(accepted > 0, "{codes:?}");
    for code in ["ERR_CORRUPT", "ERR_NOT_A_MODEL", "ERR_TRUNCATED"] {
        assert!(codes.get(code).is_some_and(|count| *count > 10), "{codes:?}");
    }
}
