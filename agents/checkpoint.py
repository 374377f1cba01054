"""Save and restore a learner: weights, optimiser, steps and random generators. Loading opens no pickle."""

from __future__ import annotations

import os

import numpy as np
import torch
from stable_baselines3 import PPO

from .run_folder import RunFolder


def save_checkpoint(model: PPO, run: RunFolder, attempt: int) -> None:
    """Write the checkpoint of a run in the place of the older one."""
    fresh = run.checkpoint.with_name("checkpoint-new.zip")
    model.save(fresh, exclude=["ep_info_buffer", "ep_success_buffer"])
    os.replace(fresh, run.checkpoint)
    _, key, position, has_gauss, gauss = np.random.get_state()  # noqa: NPY002  (SB3 draws from it)
    fresh = run.generators.with_name("checkpoint-new.npz")
    np.savez(
        fresh,
        steps=model.num_timesteps,
        updates=model._n_updates,  # pyright: ignore[reportPrivateUsage]  (SB3 has no public name)
        attempt=attempt,
        torch=torch.get_rng_state().numpy(),
        numpy_key=key,
        numpy_rest=np.array([position, has_gauss, gauss], np.float64),
    )
    os.replace(fresh, run.generators)


def restore_checkpoint(model: PPO, run: RunFolder) -> None:
    """Bring a freshly built learner to where the checkpoint was.

    The weights are read without their pickled parts, so a checkpoint cannot run code.
    """
    model.set_parameters(str(run.checkpoint), device="cpu")
    with np.load(run.generators) as stored:
        model.num_timesteps = int(stored["steps"])
        model._n_updates = int(stored["updates"])  # pyright: ignore[reportPrivateUsage]
        torch.set_rng_state(torch.from_numpy(stored["torch"]))
        position, has_gauss, gauss = stored["numpy_rest"].tolist()
        np.random.set_state(("MT19937", stored["numpy_key"], int(position), int(has_gauss), gauss))  # noqa: NPY002


def next_attempt(run: RunFolder) -> int:
    """Return the number of the next stretch of a run, which gets training episodes of its own."""
    with np.load(run.generators) as stored:
        return int(stored["attempt"]) + 1
