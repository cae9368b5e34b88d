//! Toy-text tasks: their tables, their maps, and their states as vectors.

use deepq_envs::{CliffWalking, Env, EnvOptions, FrozenLake, LakeMap, NotAMap, Registry, Reset};

/// Maps printed by Gymnasium 1.4.0.
#[test]
fn random_maps_are_gymnasiums() {
    for (size, frozen, seed, rows) in MAPS {
        assert_eq!(LakeMap::random(size, frozen, seed).unwrap().to_rows(), rows, "seed {seed}");
    }
    assert_eq!(LakeMap::random(30, 0.01, 1), None);
    assert_eq!([0, 1].map(|size| LakeMap::random(size, 0.8, 1)), [None, None]);
}

#[test]
fn a_map_needs_a_start_and_known_tiles() {
    assert_eq!(LakeMap::new(&["FF", "FG"]), Err(NotAMap::NoStart));
    assert_eq!(LakeMap::new(&["SX"]), Err(NotAMap::Tile('X')));
    assert_eq!(LakeMap::new(&["SF", "G"]), Err(NotAMap::Shape));
    assert_eq!(LakeMap::new::<&str>(&[]), Err(NotAMap::Shape));
    let options = EnvOptions::new().with("desc", vec!["SF", "XG"]);
    let error = Registry::standard().make("FrozenLake-v1", &options).unwrap_err().to_string();
    assert!(error.contains(r#"desc = ["SF", "XG"] is not allowed: 'X' is no tile"#), "{error}");
}

#[test]
fn the_outcomes_of_every_action_have_probability_one() {
    let lake = FrozenLake::new(LakeMap::eight_by_eight()).success_rate(0.7).make();
    for env in [CliffWalking::new().make(), CliffWalking::new().slippery(true).make(), lake] {
        let model = env.model();
        assert_eq!(env.observation_space().states().unwrap().n(), model.states());
        assert!((model.start().iter().sum::<f64>() - 1.0).abs() < 1e-12);
        for (state, action) in (0..model.states()).flat_map(|s| (0..model.actions()).map(move |a| (s, a))) {
            let sum: f64 = model.outcomes(state, action).iter().map(|outcome| outcome.probability).sum();
            assert!((sum - 1.0).abs() < 1e-12, "{state}, {action}: {sum}");
        }
        assert!(model.outcomes(0, model.actions()).is_empty() && model.outcomes(model.states(), 0).is_empty());
    }
}

/// Along the upper edge of the cliff the return is -13, the best there is.
#[test]
fn value_iteration_on_the_table_walks_along_the_cliff() {
    let mut env = CliffWalking::new().make();
    let model = env.model().clone();
    let mut values = vec![0.0; model.states()];
    let value = |values: &[f64], state, action| {
        let outcomes = model.outcomes(state, action).iter();
        outcomes.map(|o| o.probability * (o.reward + if o.terminated { 0.0 } else { values[o.state] })).sum::<f64>()
    };
    let best = |values: &[f64], state| {
        (0..model.actions()).max_by(|&a, &b| value(values, state, a).total_cmp(&value(values, state, b))).unwrap()
    };
    for _ in 0..100 {
        values = (0..model.states()).map(|state| value(&values, state, best(&values, state))).collect();
    }
    let mut state = [0.0];
    env.reset(&Reset::seeded(1), &mut state).unwrap();
    let mut total = 0.0;
    loop {
        let step = env.step(best(&values, state[0] as usize), &mut state).unwrap();
        total += step.reward;
        if step.status.is_over() {
            break;
        }
    }
    assert_eq!((total, values[36]), (-13.0, -13.0));
}

#[test]
fn one_hot_is_the_state_as_a_vector() {
    let make = |one_hot: bool| {
        let options = EnvOptions::new().with("one_hot", one_hot);
        Registry::standard().make("FrozenLake-v1", &options).unwrap().into_vector().unwrap()
    };
    let (mut plain, mut wrapped) = (make(false), make(true));
    let (mut state, mut vector) = ([0.0], [7.0; 16]);
    plain.reset(&Reset::seeded(3), &mut state).unwrap();
    wrapped.reset(&Reset::seeded(3), &mut vector).unwrap();
    for action in [2, 2, 1, 1, 2, 0, 3] {
        let expected: Vec<f32> = (0..16).map(|i| f32::from(i == state[0] as u8)).collect();
        assert_eq!(vector[..], expected);
        let step = plain.step(action, &mut state).unwrap();
        assert_eq!(step, wrapped.step(action, &mut vector).unwrap());
        if step.status.is_over() {
            break;
        }
    }
    deepq_envs::check_env(|| Ok(make(true))).unwrap();
}

const MAPS: [(usize, f64, u64, &[&str]); 3] = [
    (8, 0.8, 0, &["SFFFHHFF", "FHHFHFFF", "HFFFFFFF", "FFHHFFFF", "FFFFFHHF", "FFFFFHFF", "FHFFHFFF", "FFFFFFFG"]),
    (5, 0.55, 12_345_678_901, &["SFFFH", "HFHFF", "HFFHH", "FHFFH", "HFFFG"]),
    (6, 0.6, 3, &["SHHFFF", "FFHFFH", "FFHHFF", "FFFFHH", "FHFFFF", "HFFFFG"]),
];
