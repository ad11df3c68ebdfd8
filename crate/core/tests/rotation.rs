//! Numbered checkpoints: which stay, what is never touched, and what a kill leaves.

mod common;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use common::{bits, circle, classifier, options, timeless};
use inverted_dropout::Code;
use inverted_dropout::nn::*;

fn rotating(path: &Path, keep: u64) -> FitOptions {
    let checkpoint =
        CheckpointOptions { every_steps: Some(3), keep: Some(keep), ..CheckpointOptions::new(path) };
    FitOptions { checkpoint: Some(checkpoint), batch_size: 20, ..options(3) }
}

/// The names in a folder, in order.
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Looks at the folder after each batch, before what that batch saves.
struct Watch<'a>(&'a Path, Vec<Vec<String>>);

impl FitObserver for Watch<'_> {
    fn on_batch(&mut self, _: &BatchEvent) {
        self.1.push(names(self.0));
    }
}

#[test]
fn the_last_few_stay_beside_the_newest() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    // Five steps an epoch: saved after 3, 5, 6, 9, 10, 12 and 15.
    let mut watch = Watch(folder.path(), vec![]);
    let mut model = classifier(1);
    model.fit(&circle(7, 100), None, &rotating(&path, 2), &Control::new(), &mut watch).unwrap();
    let at = |steps: &[u32]| -> Vec<String> {
        let numbered = steps.iter().map(|step| format!("run.{step:06}"));
        (!steps.is_empty()).then(|| "run".to_owned()).into_iter().chain(numbered).collect()
    };
    assert_eq!(watch.1[2], at(&[]));
    assert_eq!(watch.1[3], at(&[3]));
    assert_eq!(watch.1[5], at(&[3, 5]));
    assert_eq!(watch.1[6], at(&[5, 6]));
    assert_eq!(watch.1[14], at(&[10, 12]));
    assert_eq!(names(folder.path()), at(&[12, 15]));
    assert_eq!(fs::read(&path).unwrap(), fs::read(folder.path().join("run.000015")).unwrap());
    assert_eq!(Model::load(folder.path().join("run.000012")).unwrap().trained().steps, 12);
}

#[test]
fn a_run_resumed_from_any_of_them_ends_the_same_and_goes_on_rotating() {
    let data = circle(7, 100);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let options = FitOptions {
        ema: Some(EmaOptions { decay: 0.9 }),
        accumulate: 3,
        class_weights: Some(ClassWeights::Balanced),
        ..rotating(&path, 3)
    };
    let mut whole = classifier(1);
    let history = whole.fit(&data, None, &options, &Control::new(), &mut ()).unwrap();
    let expected = ["run", "run.000010", "run.000012", "run.000015"];
    assert_eq!(names(folder.path()), expected);
    let copies: Vec<_> =
        expected.iter().map(|name| (*name, fs::read(folder.path().join(name)).unwrap())).collect();
    for from in expected {
        for (name, bytes) in &copies {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
        let mut model = classifier(1);
        let resumed = FitOptions { resume: Some(folder.path().join(from)), ..options.clone() };
        let rest = model.fit(&data, None, &resumed, &Control::new(), &mut ()).unwrap();
        assert!(bits(model.parameters().values()) == bits(whole.parameters().values()), "{from}");
        assert_eq!(timeless(&rest), timeless(&history), "{from}");
        assert_eq!(names(folder.path()), expected, "{from}");
    }
    // A longer run removes those that the first one has written.
    let longer = FitOptions { epochs: 5, resume: Some(path.clone()), ..options.clone() };
    classifier(1).fit(&data, None, &longer, &Control::new(), &mut ()).unwrap();
    assert_eq!(names(folder.path()), ["run", "run.000021", "run.000024", "run.000025"]);
    // One that saves elsewhere leaves them alone.
    let other = folder.path().join("other");
    let elsewhere = FitOptions { resume: Some(path), epochs: 6, ..rotating(&other, 1) };
    let elsewhere =
        FitOptions { checkpoint: elsewhere.checkpoint, epochs: 6, resume: elsewhere.resume, ..options };
    classifier(1).fit(&data, None, &elsewhere, &Control::new(), &mut ()).unwrap();
    assert_eq!(
        names(folder.path()),
        ["other", "other.000030", "run", "run.000021", "run.000024", "run.000025"]
    );
}

#[test]
fn files_that_are_not_the_runs_are_never_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let data = circle(7, 100);
    // A checkpoint of an earlier run, a model, and names that only look alike.
    classifier(1).fit(&data, None, &rotating(&path, 1), &Control::new(), &mut ()).unwrap();
    let old = folder.path().join("run.000001");
    fs::rename(folder.path().join("run.000015"), &old).unwrap();
    for name in ["run.12", "run.00000x", "run.000002.txt"] {
        fs::write(folder.path().join(name), "mine").unwrap();
    }
    classifier(1).fit(&data, None, &rotating(&path, 1), &Control::new(), &mut ()).unwrap();
    let expected = ["run", "run.000001", "run.000002.txt", "run.00000x", "run.000015", "run.12"];
    assert_eq!(names(folder.path()), expected);

    // What is no checkpoint and has the name of one is found before training.
    let mine = folder.path().join("run.000009");
    fs::write(&mine, "mine").unwrap();
    let mut model = classifier(1);
    let failure = model.fit(&data, None, &rotating(&path, 1), &Control::new(), &mut ()).unwrap_err();
    assert_eq!((failure.error.code(), model.trained().steps), (Code::Io, 0), "{failure}");
    assert!(failure.to_string().contains("run.000009"), "{failure}");
    assert_eq!(fs::read(&mine).unwrap(), b"mine");
}

const FOLDER: &str = "INVERTED_DROPOUT_TEST_FOLDER";

/// The child of the next test: trains and saves after every step until it is killed.
#[test]
#[ignore = "runs until it is killed"]
fn saves_until_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let path = Path::new(&folder).join("run");
    let checkpoint =
        CheckpointOptions { every_steps: Some(1), keep: Some(3), ..CheckpointOptions::new(&path) };
    let resume = path.exists().then(|| path.clone());
    let options = FitOptions { checkpoint: Some(checkpoint), resume, ..options(1_000_000) };
    classifier(1).fit(&circle(7, 100), None, &options, &Control::new(), &mut ()).unwrap();
}

#[test]
fn a_kill_at_any_moment_leaves_a_complete_checkpoint_and_the_last_few() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut steps = 0;
    for round in 0..12u64 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "saves_until_killed", "--ignored"])
            .env(FOLDER, folder.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Until there is a step more than before, and then a moment that differs from round to round.
        let done = || Model::load(&path).map_or(0, |model| model.trained().steps);
        while done() <= steps {
            assert!(child.try_wait().unwrap().is_none(), "the child ended by itself in round {round}");
            sleep(Duration::from_millis(1));
        }
        sleep(Duration::from_micros(round * 7919 % 20_000));
        child.kill().unwrap();
        child.wait().unwrap();
        steps = Model::load(&path).expect("a complete checkpoint").trained().steps;
        let numbered: Vec<String> =
            names(folder.path()).into_iter().filter(|name| name.starts_with("run.")).collect();
        // One more where the kill fell between the new one and the end of the oldest.
        assert!(
            (numbered.len() as u64) >= steps.min(3) && numbered.len() <= 5,
            "round {round}: {numbered:?}"
        );
        for name in &numbered {
            Model::load(folder.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
}
