"""Which samples the page shows first."""

from __future__ import annotations

import dataclasses
import json
import re

import numpy as np
import tensorflow as tf

from dcgan_tf.export.web.first_samples import first_samples, page_latents


def judged_by(run, logit, draw):
    """Return the run with networks that are these functions."""
    shape = run.generator.output_shape[1:]
    z, image = tf.keras.Input((16,)), tf.keras.Input(shape)
    generator = tf.keras.Model(z, draw(z))
    discriminator = tf.keras.Sequential(
        [image, tf.keras.layers.Lambda(logit), tf.keras.layers.Activation("sigmoid")]
    )
    return dataclasses.replace(run, generator=generator, discriminator=discriminator)


def picture(run):
    """Return a function that draws all of a picture in the first number of the latent."""
    height, width, channels = run.generator.output_shape[1:]
    return tf.keras.layers.Lambda(
        lambda z: tf.broadcast_to(z[:, :1, None, None], (tf.shape(z)[0], height, width, channels))
    )


def test_the_discriminator_finds_them_real(run):
    bright = judged_by(run, lambda x: 10 * tf.reduce_mean(x, axis=(1, 2, 3))[:, None], picture(run))
    found = first_samples(bright)
    assert found["of"] == 96
    assert len(set(found["numbers"])) == 24
    first = page_latents(range(1, 97), 16, distribution="normal")[:, 0]
    chosen = first[np.array(found["numbers"]) - 1]
    assert (
        chosen.mean() > 0.6
    )  # of all 96: about 0; its neighbours, and so a sample itself, are judged roughly


def test_they_change_little_from_one_latent_to_the_next(run):
    """The picture changes ten times as fast where the second number is above 0."""
    plain = picture(run)
    steep = tf.keras.layers.Lambda(lambda z: z * tf.where(z[:, 1:2] > 0, 10.0, 1.0))
    undecided = judged_by(
        run, lambda x: 0 * tf.reduce_mean(x, axis=(1, 2, 3))[:, None], lambda z: plain(steep(z))
    )
    found = first_samples(undecided)
    second = page_latents(range(1, 97), 16, distribution="normal")[:, 1]
    assert (second[np.array(found["numbers"]) - 1] < 0).mean() > 0.9


def test_an_exported_page_has_them(folder, run):
    page = (folder / "web" / "index.html").read_text()
    model = json.loads(re.findall(r'id="model">(.*?)</script>', page)[0])
    assert model["first_samples"] == first_samples(run)


def test_of_a_conditional_run_they_are_of_the_first_class(run_unlike_at_first):
    run = run_unlike_at_first(conditional=True)
    assert first_samples(run) == first_samples(run.of_class(0)) != first_samples(run.of_class(3))
