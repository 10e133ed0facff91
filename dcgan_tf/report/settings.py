"""Write the section on the run's settings and starts, with the words that the page uses."""

from __future__ import annotations

from typing import Any

from dcgan_tf.config import Config, ModelConfig, TrainingConfig, flatten
from dcgan_tf.report.formats import CHOICE, ORIGIN, STARTS
from dcgan_tf.report.markup import facts, fold, plain, text
from dcgan_tf.report.reported_run import ReportedRun, Section

WORDS = {
    "generator": "the network that turns numbers into pictures",
    "latent": "the list of random numbers that one picture is made from",
    "discriminator": "the network that tells real pictures from generated ones: the generator's teacher",
    "D(x), D(G(z))": "how probable the discriminator finds it that a real, and a generated, picture is real",
    "step, epoch": "one update of both networks; the steps it takes to see every training picture once",
    "feature map, filter": "a small detector inside a network, and where in a picture it responds",
    "control": "the same measurement where nothing was learnt, or by a simpler method",
    "sample": "a picture that the generator has drawn",
}


def settings_section(run: ReportedRun) -> Section:
    """Return the section with the run's settings and the words that the page uses."""
    body = (
        facts(_main_settings(run))
        + _reasons(run)
        + fold("All settings, versions and starts", _everything(run))
        + fold("Words used on this page", facts(WORDS))
    )
    return Section("settings", "Settings", body)


def _main_settings(run: ReportedRun) -> dict[str, str]:
    config = run.config
    height, width = config.data.image_size
    model, training = config.model, config.training
    epochs = run.epochs(run.step)
    return {
        "data": run.data_name,
        "pictures": f"{width}×{height}, {'colour' if config.data.channels == 3 else 'grey'}",
        "trained": f"{run.step:,} steps of {training.images_per_step}" + (f", {epochs}" if epochs else ""),
        **_origin(run),
        "networks": f"{model.architecture.upper()}, {_networks(model)}",
        "latent": f"{model.latent_dim} numbers, {model.latent_distribution}",
        "learning": _learning(training),
        "samples from": run.generator,
        "seed": str(training.seed),
    }


def _origin(run: ReportedRun) -> dict[str, str]:
    """Return which run it began with; nothing for random weights."""
    origin = run.read(run.paths.origin, ORIGIN) or {}
    if not {"run", "checkpoint"} <= origin.keys():
        return {}
    return {"began with": f"the networks of {origin['run']} at step {origin['checkpoint']:,}"}


def _learning(training: TrainingConfig) -> str:
    anneal = f", falling to 0 over the last {training.anneal:.3g} of the steps" if training.anneal else ""
    parts = [f"Adam {training.learning_rate:g}{anneal}", f"{training.loss.replace('_', '-')} loss"]
    more = {
        "label smoothing": training.label_smoothing,
        "R1": training.r1_gamma,
        "R2": training.r2_gamma,
        "instance noise": training.instance_noise,
        "DiffAugment": training.diffaugment,
    }
    parts += [f"{name} {value:g}" for name, value in more.items() if value]
    if training.discriminator_steps > 1:
        parts.append(f"{training.discriminator_steps} updates of the discriminator in a step")
    return ", ".join(parts)


def _networks(model: ModelConfig) -> str:
    if model.architecture == "gan":
        return f"two hidden layers of {model.hidden_units:,} units"
    parts = [f"{model.filters} filters"]
    if model.discriminator_filters:
        parts[0] += f" ({model.discriminator_filters} in the discriminator)"
    parts += [f"kernels {model.kernel_size}×{model.kernel_size}"]
    if model.discriminator_depth > 1:
        parts += [f"{model.discriminator_depth} convolutions at each size in the discriminator"]
    if model.dense_units:
        parts += [f"a dense layer of {model.dense_units:,} units"]
    norms = {"generator": model.generator_norm, "discriminator": model.discriminator_norm}
    words = {"spectral": "spectral norm", "none": "no norm"}
    parts += [f"{words[norm]} in the {network}" for network, norm in norms.items() if norm in words]
    return ", ".join(parts)


def _reasons(run: ReportedRun) -> str:
    """Return why `--preset auto` chose the settings; nothing of other runs."""
    choice = run.read(run.paths.choice, CHOICE) or {}
    lines = {line[0]: line[1] for line in choice.get("lines") or [] if len(line) == 2}
    if not lines:
        return ""
    notes = "".join(f"<p>{text(note)}</p>" for note in choice.get("notes") or [])
    about = f"<p>{text(choice.get('about') or '')}</p>"
    return fold("Why these settings: they were chosen for the data", about + facts(lines) + notes)


def _everything(run: ReportedRun) -> str:
    changed = flatten(Config())
    settings = {
        name: _setting(value) + ("" if value == changed[name] else f"   (default: {_setting(changed[name])})")
        for name, value in flatten(run.config).items()
    }
    parts = [facts(settings)]
    for start in run.read(run.paths.environment, STARTS) or []:
        parts.append(f"<h3>Start at step {text(plain(start.get('first_step') or 0))}</h3>")
        entries = {**start, "command": " ".join(map(str, start.get("command") or []))}
        parts.append(facts({k: v for k, v in entries.items() if k != "first_step"}))
    return "".join(parts)


def _setting(value: Any) -> str:
    return "×".join(map(str, value)) if isinstance(value, tuple) else plain(value)
