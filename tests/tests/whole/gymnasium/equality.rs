//! What comes through the pipes is what Gymnasium gives, and what this program's own environments give.

use anyhow::{Context, Result};
use deepq_envs::{
    Env, EnvOptions, Journal, NumpyRng, Registry, Reset, Status, Threads, VectorEnv, VectorStep, check_env,
};
use deepq_experiments::parity;
use deepq_tests::workspace;

use super::{make, options, vector};

#[test]
fn environments_equal_the_programs_own() -> Result<()> {
    for (id, option) in
        [("CartPole-v1", None), ("MountainCar-v0", None), ("Acrobot-v1", None), ("FrozenLake-v1", Some("is_slippery"))]
    {
        let own = EnvOptions::from_iter(option.map(|name| (name, true)));
        let foreign = own.iter().fold(options()?, |all, (name, value)| {
            EnvOptions::from_iter(all.iter().map(|(n, v)| (n, v.clone())).chain([(name, value.clone())]))
        });
        let (mut ours, mut theirs) = (vector(id, &own)?, vector(&format!("gym:{id}"), &foreign)?);
        assert_eq!(ours.observation_space(), theirs.observation_space());
        assert_eq!(ours.action_space().n(), theirs.action_space().n());
        let mut rng = NumpyRng::new(1);
        let mut one = vec![0.0; ours.observation_space().len()];
        let mut two = one.clone();
        // The third episode goes on with the generator of the second.
        for seed in [Some(0), Some((1 << 40) + 5), None, Some(7)] {
            let reset = Reset { seed, bounds: None };
            ours.reset(&reset, &mut one)?;
            theirs.reset(&reset, &mut two)?;
            let mut status = Status::Running;
            while !status.is_over() {
                assert_eq!(bits(&one), bits(&two), "{id}");
                let action = rng.index(ours.action_space().n());
                let (step, again) = (ours.step(action, &mut one)?, theirs.step(action, &mut two)?);
                assert_eq!(step, again, "{id}");
                status = step.status;
            }
            assert_eq!(bits(&one), bits(&two), "{id}");
        }
    }
    Ok(())
}

#[test]
fn an_id_without_a_version_is_the_newest_one_and_is_drawn() -> Result<()> {
    let mut env = make("gym:python.trouble:Dot", &options()?)?.into_frames().context("no frames")?;
    let mut observation = vec![0; env.observation_space().len()];
    env.reset(&Reset::seeded(1), &mut observation)?;
    assert_eq!(env.render()?.dimensions(), (5, 6));
    Ok(())
}

fn bits(observation: &[f32]) -> Vec<u32> {
    observation.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn reference_traces_come_through_the_pipes() -> Result<()> {
    let mut registry = Registry::empty();
    let foreign = options()?;
    registry.register("CartPole-v1", "through the pipes", move |own| {
        let all = foreign.iter().chain(own.iter()).map(|(name, value)| (name, value.clone()));
        make("gym:CartPole-v1", &all.collect())
    });
    for trace in ["cartpole_random", "cartpole_policy", "cartpole_chained", "cartpole_sutton_barto"] {
        let file = workspace().join("assets/traces").join(trace).with_extension("jsonl");
        assert!(parity::replay(&file, &registry)?.steps > 20, "{trace}");
    }
    Ok(())
}

/// Frames of bytes, actions that do not begin at 0, pictures: everything that an environment promises.
#[test]
fn an_environment_of_ones_own_keeps_all_promises() -> Result<()> {
    let options = options()?;
    check_env(|| make("gym:python.trouble:Dot-v0", &options).map(|env| env.into_frames().unwrap()))?;
    let mut env = make("gym:python.trouble:Dot-v0", &options.clone().with("frame_stack", 2))?.into_frames().unwrap();
    assert_eq!(env.observation_space().shape(), [2, 6, 5]);
    assert_eq!(env.steps_per_second(), 12.0, "as its metadata says");
    let mut observation = vec![0; 60];
    env.reset(&Reset::seeded(1), &mut observation)?;
    assert_eq!(observation.iter().filter(|&&x| x == 200).count(), 2);
    let picture = env.render()?;
    assert_eq!(picture.dimensions(), (5, 6));
    let drawn: Vec<u8> = picture.pixels().map(|pixel| pixel.0[0]).collect();
    assert_eq!(drawn, observation[30..]);
    // The limit that it is registered with.
    let stayed =
        (0..40).map(|_| env.step(1, &mut observation).map(|step| step.status)).collect::<Result<Vec<_>, _>>()?;
    assert_eq!(stayed.iter().position(|status| status.is_over()), Some(39));
    assert_eq!(stayed[39], Status::Truncated);
    Ok(())
}

#[test]
fn the_limit_of_an_episode_is_an_option() -> Result<()> {
    let last = |limit: u32| -> Result<(usize, Status)> {
        let mut env = vector("gym:CartPole-v1", &options()?.with("max_episode_steps", limit))?;
        let mut observation = [0.0; 4];
        env.reset(&Reset::seeded(1), &mut observation)?;
        for t in 1.. {
            // A policy that holds the pole for long.
            let step = env.step(
                usize::from(observation[2] + 0.5 * observation[3] + 0.1 * observation[1] > 0.0),
                &mut observation,
            )?;
            if step.status.is_over() || t == 700 {
                return Ok((t, step.status));
            }
        }
        unreachable!("the loop has no end")
    };
    assert_eq!(last(3)?, (3, Status::Truncated));
    let without = last(0)?;
    assert!(without.0 > 500, "{without:?}");
    Ok(())
}

#[test]
fn spaces_are_taken_over() -> Result<()> {
    let of = |observation: &str| options().map(|options| options.with("observation", observation));
    let mut states = vector("gym:python.trouble:Spaces-v0", &of("discrete")?)?;
    assert_eq!(states.observation_space().states().context("not discrete")?.n(), 4);
    let mut state = [0.0];
    states.reset(&Reset::seeded(1), &mut state)?;
    assert_eq!(state, [2.0], "state 12 of those from 10 on");
    let mut one_hot = vector("gym:python.trouble:Spaces-v0", &of("discrete")?.with("one_hot", true))?;
    let mut vector_of_state = [0.0; 4];
    one_hot.reset(&Reset::seeded(1), &mut vector_of_state)?;
    assert_eq!(vector_of_state, [0.0, 0.0, 1.0, 0.0]);
    let mut number = vector("gym:python.trouble:Spaces-v0", &of("number")?)?;
    assert_eq!((number.observation_space().low(), number.observation_space().high()), (&[-1.0][..], &[2.0][..]));
    number.reset(&Reset::seeded(1), &mut state)?;
    assert_eq!(state, [2.0]);
    Ok(())
}

/// Python's and NumPy's global generators belong to the process, and so to the one environment in it.
#[test]
fn global_generators_are_captured() -> Result<()> {
    let options = options()?.with("trouble", "global draws");
    let new = || vector("gym:python.trouble:Trouble-v0", &options).map(Journal::new);
    let mut env = new()?;
    let (mut one, mut two) = ([0.0; 2], [0.0; 2]);
    for _ in 0..3 {
        env.reset(&Reset::default(), &mut one)?;
        env.step(0, &mut one)?;
    }
    let mut restored = new()?;
    restored.restore(&env.capture()?, &mut two)?;
    for _ in 0..5 {
        assert_eq!(one, two);
        env.step(0, &mut one)?;
        restored.step(0, &mut two)?;
    }
    Ok(())
}

#[test]
fn threads_change_nothing() -> Result<()> {
    let run = |threads: Threads| -> Result<Vec<u32>> {
        let envs = (0..4).map(|_| vector("gym:CartPole-v1", &options()?)).collect::<Result<Vec<_>>>()?;
        let mut envs = VectorEnv::new(envs)?.threads(threads);
        let mut observations = vec![0.0; 16];
        envs.reset(&[0, 1, 2, 3].map(Reset::seeded), &mut observations)?;
        let (mut rng, mut into, mut all) = (NumpyRng::new(2), VectorStep::new(), Vec::new());
        for _ in 0..100 {
            envs.step(&[0; 4].map(|_: usize| rng.index(2)), &mut into)?;
            all.extend(bits(&into.observations));
        }
        Ok(all)
    };
    assert_eq!(run(Threads::Always)?, run(Threads::Never)?);
    Ok(())
}
