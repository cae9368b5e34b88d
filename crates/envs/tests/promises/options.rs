//! What is said of an environment's options is what they are.

use std::collections::BTreeSet;
use std::ops::Bound;

use deepq_envs::{BoxedEnv, Element, EnvError, EnvOption, EnvOptions, OptionValue, OptionValues, Registry, Reset};

/// Only one of its values is allowed.
const NOT_A_CHOICE: &str = "continuous";
/// Longer than any time limit of the registry.
const STEPS: usize = 1_100;

fn every_option() -> Vec<(String, EnvOption)> {
    let registry = Registry::standard();
    let of = |id: &str| registry.options(id).into_iter().map(|option| (id.to_owned(), option)).collect::<Vec<_>>();
    let all: Vec<_> = registry.entries().flat_map(|(id, _)| of(id)).collect();
    assert!(all.len() > 30);
    all
}

/// What an episode looks like, action for action, until the steps are used up.
fn played<E: Element>(mut env: BoxedEnv<E>) -> Vec<String> {
    let mut observation = vec![E::default(); env.observation_space().len()];
    let mut seen = vec![format!("{:?} {:?}", env.observation_space().shape(), env.action_space())];
    let mut running = false;
    for step in 0..STEPS {
        if running {
            let taken = env.step(step % env.action_space().n(), &mut observation).unwrap();
            running = !taken.status.is_over();
            seen.push(format!("{taken:?}"));
        } else {
            env.reset(&Reset { seed: Some(step as u64), ..Reset::default() }, &mut observation).unwrap();
            running = true;
        }
        seen.push(format!("{observation:?}"));
    }
    seen
}

fn play(id: &str, options: &EnvOptions) -> Vec<String> {
    match Registry::standard().make(id, options).unwrap() {
        deepq_envs::AnyEnv::Vector(env) => played(env),
        deepq_envs::AnyEnv::Frames(env) => played(env),
    }
}

/// Whether the value of this option is what is refused.
fn is_refused(id: &str, name: &str, value: impl Into<OptionValue>) -> bool {
    match Registry::standard().make(id, &EnvOptions::new().with(name, value)) {
        Err(EnvError::InvalidOption { option, .. }) => option == name,
        _ => false,
    }
}

#[test]
fn the_options_are_those_that_an_environment_knows() {
    let registry = Registry::standard();
    for (id, _) in registry.entries() {
        let error = registry.make(id, &EnvOptions::new().with("unknown", true)).unwrap_err();
        let EnvError::UnknownOption { known, .. } = error else { panic!("{error}") };
        let described: BTreeSet<&str> = registry.options(id).iter().map(|option| option.name).collect();
        assert_eq!(known.split(", ").collect::<BTreeSet<_>>(), described, "{id}");
    }
    assert!(registry.options("gym:CartPole-v1").iter().any(|option| option.name == "python"));
    assert!(registry.options("nothing").is_empty());
}

#[test]
fn what_is_allowed_is_taken_and_what_is_not_is_refused() {
    let number = |id: &str, name: &str, from: f64, to: f64| (is_refused(id, name, from), is_refused(id, name, to));
    for (id, EnvOption { name, values, .. }) in every_option() {
        let refused = |value: OptionValue| is_refused(&id, name, value);
        assert!(refused(OptionValue::from(vec![Vec::<bool>::new()])), "{id} {name}");
        match values {
            _ if name == NOT_A_CHOICE => assert!(!refused(false.into()) && refused(true.into())),
            // Only numbered states can become vectors.
            _ if name == "one_hot" => assert!(refused("on".into()) && !refused(false.into())),
            OptionValues::Bool => assert!(refused("on".into()) && !refused(true.into()) && !refused(false.into())),
            OptionValues::Integer(range) => {
                let (from, to) = range.into_inner();
                assert!(refused((from - 1).into()) && refused((to + 1).into()), "{id} {name}");
                assert!(!refused(from.into()) && !refused(to.into()), "{id} {name}");
            }
            OptionValues::Float(Bound::Included(from), Bound::Included(to)) => {
                assert_eq!(number(&id, name, from.next_down(), to.next_up()), (true, true), "{id} {name}");
                assert_eq!(number(&id, name, from, to), (false, false), "{id} {name}");
            }
            OptionValues::Float(Bound::Excluded(from), Bound::Excluded(to)) => {
                assert_eq!(number(&id, name, from, to), (true, true), "{id} {name}");
                assert_eq!(number(&id, name, from.next_up(), to.next_down()), (false, false), "{id} {name}");
            }
            OptionValues::Float(..) => {
                assert_eq!(number(&id, name, f64::NAN, f64::INFINITY), (true, true), "{id} {name}");
                assert_eq!(number(&id, name, -1e30, 1e30), (false, false), "{id} {name}");
            }
            OptionValues::Numbers(count) => {
                assert!(refused(vec![0.5; count + 1].into()) && !refused(vec![0.5; count].into()), "{id} {name}");
            }
            OptionValues::Texts => assert!(refused("SG".into()) && !refused(vec!["SG"].into()), "{id} {name}"),
            OptionValues::Choice(words) => {
                assert!(refused("none of them".into()) && words.into_iter().all(|word| !refused(word.into())));
            }
            values => panic!("{id} {name}: {values:?}"),
        }
    }
}

#[test]
fn an_option_that_is_given_its_default_changes_nothing() {
    for (id, EnvOption { name, default, .. }) in every_option() {
        let Some(default) = default else { continue };
        assert_eq!(play(&id, &EnvOptions::new().with(name, default)), play(&id, &EnvOptions::new()), "{id} {name}");
    }
}
