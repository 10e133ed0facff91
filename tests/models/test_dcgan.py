"""The convolutional networks against the PyTorch listing that they follow."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from dcgan_tf.config import ModelConfig
from dcgan_tf.models import dcgan
from dcgan_tf.models.derived import logits_of
from dcgan_tf.models.image_sizes import first_map, nearest_sizes
from dcgan_tf.models.layers import EvenPhases, layer_seeds

SMALL = ModelConfig(filters=2, latent_dim=5)
# Keras 3.15 reads weights into NumPy in the way of NumPy 1; it can still be read, and only warns.
KERAS_READS_WEIGHTS = pytest.mark.filterwarnings(
    "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning"
)
BUILDERS = {"generator": dcgan.build_generator, "discriminator": dcgan.build_discriminator}


@pytest.fixture(scope="module")
def generator() -> keras.Sequential:
    return dcgan.build_generator(ModelConfig(), (64, 64), 3)


@pytest.fixture(scope="module")
def discriminator() -> keras.Sequential:
    return dcgan.build_discriminator(ModelConfig(), (64, 64), 3)


def trainable(model: keras.Sequential) -> int:
    return sum(int(np.prod(weight.shape)) for weight in model.trainable_variables)


def kinds(model: keras.Sequential) -> list[str]:
    """Return the layers' names as a listing has them, activations under their function's."""
    return [
        layer.activation.__name__ if isinstance(layer, keras.layers.Activation) else type(layer).__name__
        for layer in model.layers
    ]


# The listing: 64x64 pixels, 3 channels, 64 filters, latent 100


def test_the_generator_has_the_parameters_of_the_listing(generator):
    kernel = 4 * 4
    expected = (
        # Transposed convolutions: channels in, channels out, kernel; none has a bias.
        100 * 512 * kernel
        + 512 * 256 * kernel
        + 256 * 128 * kernel
        + 128 * 64 * kernel
        + 64 * 3 * kernel
        # Batch norm: gamma and beta for each channel.
        + 2 * (512 + 256 + 128 + 64)
    )
    assert expected == 3_576_704
    assert trainable(generator) == expected


def test_the_discriminator_has_the_parameters_of_the_listing(discriminator):
    kernel = 4 * 4
    expected = (
        3 * 64 * kernel
        + 64 * 128 * kernel
        + 128 * 256 * kernel
        + 256 * 512 * kernel
        + 512 * 1 * kernel
        # None after the first convolution.
        + 2 * (128 + 256 + 512)
    )
    assert expected == 2_765_568
    assert trainable(discriminator) == expected


def test_the_generator_is_the_listing_layer_by_layer(generator):
    block = ["Conv2DTranspose", "SyncBatchNormalization", "ReLU"]
    assert kinds(generator) == ["Reshape", *block, *block, *block, *block, "Conv2DTranspose", "tanh"]
    convolutions = [layer for layer in generator.layers if isinstance(layer, keras.layers.Conv2DTranspose)]
    # The listing's comments: (ngf*8) x 4 x 4, (ngf*4) x 8 x 8, …
    assert [layer.output.shape[1:] for layer in convolutions] == [
        (4, 4, 512),
        (8, 8, 256),
        (16, 16, 128),
        (32, 32, 64),
        (64, 64, 3),
    ]
    assert generator.input_shape == (None, 100)
    assert generator.output_shape == (None, 64, 64, 3)


def test_the_discriminator_is_the_listing_layer_by_layer(discriminator):
    block = ["Conv2D", "SyncBatchNormalization", "LeakyReLU"]
    assert kinds(discriminator) == [
        *("Conv2D", "LeakyReLU"),
        *(block + block + block),
        *("Conv2D", "Flatten", "sigmoid"),
    ]
    convolutions = [layer for layer in discriminator.layers if isinstance(layer, keras.layers.Conv2D)]
    assert [layer.output.shape[1:] for layer in convolutions] == [
        (32, 32, 64),
        (16, 16, 128),
        (8, 8, 256),
        (4, 4, 512),
        (1, 1, 1),
    ]
    assert discriminator.input_shape == (None, 64, 64, 3)
    assert discriminator.output_shape == (None, 1)


def test_both_are_sequential(generator, discriminator):
    assert type(generator) is keras.Sequential
    assert type(discriminator) is keras.Sequential


def test_leaky_relu_keeps_a_fifth(discriminator):
    slopes = [
        layer.negative_slope for layer in discriminator.layers if isinstance(layer, keras.layers.LeakyReLU)
    ]
    np.testing.assert_allclose(slopes, [0.2] * 4)


def test_no_convolution_has_a_bias(generator, discriminator):
    for layer in [*generator.layers, *discriminator.layers]:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose):
            assert not layer.use_bias, layer.name


@pytest.mark.parametrize("bias", [False, True])
def test_batch_norm_hides_how_pale_a_batch_is_unless_the_first_convolution_has_a_bias(bias):
    model = ModelConfig(filters=8, discriminator_bias=bias)
    network = dcgan.build_discriminator(model, (32, 32), 3, seed=1)
    first = network.layers[0]
    assert [layer.use_bias for layer in network.layers if hasattr(layer, "use_bias")] == [bias, *[False] * 3]
    if bias:
        np.testing.assert_array_equal(first.bias, np.zeros(8))
        first.bias.assign(np.linspace(-1, 1, 8))
    images = np.random.default_rng(0).uniform(-1, 1, (16, 32, 32, 3)).astype("float32")
    logits = logits_of(network)
    full, pale = (logits(c * images, training=True).numpy() for c in (1.0, 0.5))
    assert (np.abs(full - pale).max() > 0.1 * full.std()) == bias


@pytest.mark.parametrize("even", [False, True])
def test_every_doubling_of_the_generator_is_even_or_none(even):
    model = ModelConfig(filters=4, latent_dim=5, even_upsampling=even)
    generator = dcgan.build_generator(model, (32, 32), 3)
    doublings = [layer for layer in generator.layers if getattr(layer, "strides", None) == (2, 2)]
    assert len(doublings) == 3
    assert [isinstance(layer.kernel.constraint, EvenPhases) for layer in doublings] == [even] * 3
    others = [v for v in generator.trainable_variables if v.constraint is not None]
    assert len(others) == (3 if even else 0)


def test_a_generator_with_even_phases_is_made_again_from_its_configuration():
    generator = dcgan.build_generator(ModelConfig(filters=4, latent_dim=5, even_upsampling=True), (16, 16), 3)
    again = keras.Sequential.from_config(generator.get_config())
    assert isinstance(again.layers[-2].kernel.constraint, EvenPhases)


def test_outputs_are_in_the_range_of_tanh_and_of_sigmoid():
    generator = dcgan.build_generator(SMALL, (16, 16), 3)
    discriminator = dcgan.build_discriminator(SMALL, (16, 16), 3)
    images = generator(100 * tf.random.stateless_normal((6, 5), (0, 1)), training=True).numpy()
    assert images.shape == (6, 16, 16, 3)
    assert np.abs(images).max() <= 1
    assert images.min() < 0 < images.max()
    probabilities = discriminator(images).numpy()
    assert probabilities.shape == (6, 1)
    assert (probabilities > 0).all()
    assert (probabilities < 1).all()


# Padding: "same" is the listing's kernel 4, stride 2, padding 1


def convolve_like_pytorch(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """Conv2d(4, stride 2, padding 1): out[i, j] = sum of kernel[a, b] · image[2i + a - 1, 2j + b - 1]."""
    height, width, _ = image.shape
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)))
    out = np.zeros((height // 2, width // 2, kernel.shape[3]))
    for i in range(height // 2):
        for j in range(width // 2):
            out[i, j] = np.einsum("abc,abcd->d", padded[2 * i : 2 * i + 4, 2 * j : 2 * j + 4], kernel)
    return out


def transpose_like_pytorch(image: np.ndarray, kernel: np.ndarray) -> np.ndarray:
    """ConvTranspose2d(4, stride 2, padding 1): out[2i + a - 1, 2j + b - 1] += image[i, j] · kernel[a, b]."""
    height, width, _ = image.shape
    padded = np.zeros((2 * height + 2, 2 * width + 2, kernel.shape[2]))
    for i in range(height):
        for j in range(width):
            padded[2 * i : 2 * i + 4, 2 * j : 2 * j + 4] += np.einsum("c,abdc->abd", image[i, j], kernel)
    return padded[1:-1, 1:-1]


def find(model: keras.Sequential, kind: type, place: int) -> keras.Layer:
    return [layer for layer in model.layers if isinstance(layer, kind)][place]


@pytest.mark.parametrize("size", [(8, 8), (8, 12), (14, 14)])
def test_halving_is_pytorch_s_convolution(size):
    model = dcgan.build_discriminator(ModelConfig(filters=3, latent_dim=5), size, 2, dtype="float64")
    layer = find(model, keras.layers.Conv2D, 0)
    image = np.random.default_rng(0).normal(size=(*size, 2))
    kernel = layer.kernel.numpy()
    assert kernel.shape == (4, 4, 2, 3)
    np.testing.assert_allclose(layer(image[None])[0], convolve_like_pytorch(image, kernel), atol=1e-12)


@pytest.mark.parametrize("size", [(8, 8), (8, 12), (14, 14)])
def test_doubling_is_pytorch_s_transposed_convolution(size):
    model = dcgan.build_generator(ModelConfig(filters=3, latent_dim=5), size, 2, dtype="float64")
    layer = find(model, keras.layers.Conv2DTranspose, -1)
    image = np.random.default_rng(0).normal(size=(size[0] // 2, size[1] // 2, 3))
    kernel = layer.kernel.numpy()
    assert kernel.shape == (4, 4, 2, 3)
    np.testing.assert_allclose(layer(image[None])[0], transpose_like_pytorch(image, kernel), atol=1e-12)


def test_the_first_map_is_a_matrix_product_with_z_and_the_last_one_with_the_kernel():
    """The listing's first and last layer: kernel 4 on a map of 1x1, and onto one."""
    generator = dcgan.build_generator(ModelConfig(filters=3, latent_dim=5), (8, 12), 1, dtype="float64")
    project = find(generator, keras.layers.Conv2DTranspose, 0)
    z = np.random.default_rng(0).normal(size=5)
    expected = np.einsum("abdc,c->abd", project.kernel.numpy(), z)
    np.testing.assert_allclose(project(z[None, None, None])[0], expected, atol=1e-12)

    discriminator = dcgan.build_discriminator(ModelConfig(filters=3), (8, 12), 1, dtype="float64")
    judge = find(discriminator, keras.layers.Conv2D, -1)
    last_map = np.random.default_rng(1).normal(size=(4, 6, 3))
    expected = (judge.kernel.numpy()[..., 0] * last_map).sum()
    np.testing.assert_allclose(judge(last_map[None])[0, 0, 0], [expected], atol=1e-12)


def test_torch_agrees_where_it_is_installed():
    torch = pytest.importorskip("torch")
    rng = np.random.default_rng(0)
    image, kernel = rng.normal(size=(8, 6, 2)), rng.normal(size=(4, 4, 2, 3))
    halve = torch.nn.functional.conv2d(
        torch.tensor(image.transpose(2, 0, 1)[None]),
        torch.tensor(kernel.transpose(3, 2, 0, 1)),
        stride=2,
        padding=1,
    )
    np.testing.assert_allclose(
        halve[0].numpy().transpose(1, 2, 0), convolve_like_pytorch(image, kernel), atol=1e-12
    )
    kernel = rng.normal(size=(4, 4, 3, 2))
    double = torch.nn.functional.conv_transpose2d(
        torch.tensor(image.transpose(2, 0, 1)[None]),
        torch.tensor(kernel.transpose(3, 2, 0, 1)),
        stride=2,
        padding=1,
    )
    np.testing.assert_allclose(
        double[0].numpy().transpose(1, 2, 0), transpose_like_pytorch(image, kernel), atol=1e-12
    )


# Initial weights


@pytest.mark.parametrize("network", BUILDERS)
def test_initial_weights_have_the_distributions_of_the_paper(network):
    model = BUILDERS[network](ModelConfig(), (32, 32), 3)
    for layer in model.layers:
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose):
            check_normal(layer.kernel.numpy().ravel(), mean=0, deviation=0.02)
        if isinstance(layer, keras.layers.BatchNormalization):
            check_normal(layer.gamma.numpy(), mean=1, deviation=0.02)
            assert not layer.beta.numpy().any()
            assert not layer.moving_mean.numpy().any()
            assert (layer.moving_variance.numpy() == 1).all()


def check_normal(values: np.ndarray, *, mean: float, deviation: float) -> None:
    """Allow five standard errors of the mean and of the standard deviation."""
    values = values.astype(float)
    assert abs(values.mean() - mean) < 5 * deviation / np.sqrt(len(values))
    assert abs(values.std() - deviation) < 5 * deviation / np.sqrt(2 * len(values))


@pytest.mark.parametrize("network", BUILDERS)
def test_the_seed_alone_decides_the_initial_weights(network):
    first, same, other = (BUILDERS[network](SMALL, (16, 16), 3, seed=seed) for seed in (4, 4, 5))
    for one, two, three in zip(first.variables, same.variables, other.variables, strict=True):
        np.testing.assert_array_equal(one.numpy(), two.numpy())
        if one.name in ("kernel", "gamma"):
            assert (one.numpy() != three.numpy()).all()


@pytest.mark.parametrize("network", BUILDERS)
def test_every_layer_has_a_seed_of_its_own(network):
    model = BUILDERS[network](SMALL, (32, 32), 2)
    firsts = [
        w.numpy().ravel()[0] - (w.name == "gamma") for w in model.variables if w.name in ("kernel", "gamma")
    ]
    # As float32: gamma - 1 has lost the last bits of what was drawn.
    assert len(np.unique(np.round(np.array(firsts), 6))) == len(firsts)


def test_the_two_networks_do_not_begin_alike():
    generator = dcgan.build_generator(SMALL, (16, 16), 2)
    discriminator = dcgan.build_discriminator(SMALL, (16, 16), 2)
    last, first = (
        find(generator, keras.layers.Conv2DTranspose, -1).kernel.numpy(),
        find(discriminator, keras.layers.Conv2D, 0).kernel.numpy(),
    )
    assert last.size == first.size
    assert (last.ravel() != first.ravel()).all()


# Sizes


@pytest.mark.parametrize(
    ("size", "first"),
    [
        # By hand: 28 = 7·2², 32 = 4·2³, 48 = 6·2³, 64 = 4·2⁴, 96 = 6·2⁴, 128 = 4·2⁵, 80 = 5·2⁴.
        ((8, 8), (4, 4, 1)),
        ((28, 28), (7, 7, 2)),
        ((32, 32), (4, 4, 3)),
        ((48, 48), (6, 6, 3)),
        ((64, 64), (4, 4, 4)),
        ((80, 80), (5, 5, 4)),
        ((96, 96), (6, 6, 4)),
        ((128, 128), (4, 4, 5)),
        ((256, 256), (4, 4, 6)),
        ((48, 64), (6, 8, 3)),
        ((64, 48), (8, 6, 3)),
        ((32, 256), (4, 32, 3)),
    ],
)
def test_the_first_map_by_hand(size, first):
    assert first_map(size) == first


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(
    "size",
    [(8, 8), (28, 28), (32, 32), (48, 48), (64, 64), (96, 96), (128, 128), (48, 64), (64, 48), (40, 8)],
)
def test_every_promised_size_builds(size, channels):
    generator = dcgan.build_generator(SMALL, size, channels)
    discriminator = dcgan.build_discriminator(SMALL, size, channels)
    assert generator.output_shape == (None, *size, channels)
    assert discriminator.input_shape == (None, *size, channels)
    assert discriminator.output_shape == (None, 1)


def test_images_pass_through_both_networks_at_an_odd_ratio():
    images = dcgan.build_generator(SMALL, (48, 64), 1)(tf.zeros((2, 5)))
    assert images.shape == (2, 48, 64, 1)
    assert dcgan.build_discriminator(SMALL, (48, 64), 1)(images).shape == (2, 1)


@pytest.mark.parametrize(
    ("size", "below", "above"),
    [
        ((100, 100), "96x96", "112x112"),
        ((64, 72), "64x64", "64x80"),
        ((72, 64), "64x64", "80x64"),
        ((65, 65), "64x64", "80x80"),
        ((9, 9), "8x8", "10x10"),
        ((27, 27), "24x24", "28x28"),
        ((100, 150), "96x144", "112x160"),
        ((48, 60), "48x56", "48x64"),
    ],
)
def test_a_size_that_does_not_fit_is_told_the_nearest_that_do(size, below, above):
    message = f"image size {size[0]}x{size[1]} does not fit: .*; the nearest that fit are {below} and {above}"
    for build in BUILDERS.values():
        with pytest.raises(ValueError, match=message):
            build(SMALL, size, 3)


def test_every_size_that_is_named_as_the_nearest_fits_and_brackets_what_was_asked():
    for height in range(8, 140, 3):
        for width in range(8, 140, 7):
            below, above = (tuple(map(int, name.split("x"))) for name in nearest_sizes((height, width)))
            first_map(below)
            first_map(above)
            assert min(below) <= min(height, width) <= min(above)
            assert (below[0] <= below[1]) == (height <= width) or below[0] == below[1]


@pytest.mark.parametrize("kernel_size", [2, 3, 5, 6, 7])
def test_other_kernels_keep_every_shape(kernel_size):
    for build in BUILDERS.values():
        usual = build(ModelConfig(filters=2), (28, 28), 3)
        other = build(ModelConfig(filters=2, kernel_size=kernel_size), (28, 28), 3)
        assert [layer.output.shape for layer in usual.layers] == [
            layer.output.shape for layer in other.layers
        ]
    kernels = [layer.kernel.shape[:2] for layer in other.layers if isinstance(layer, keras.layers.Conv2D)]
    # The last one spans the whole map of 7x7.
    assert kernels == [(kernel_size, kernel_size)] * 2 + [(7, 7)]


# The fully connected layer of the authors' networks for MNIST


def test_a_fully_connected_layer_stands_before_the_first_maps_and_behind_the_last():
    model = ModelConfig(filters=2, latent_dim=5, dense_units=6)
    generator, discriminator = (build(model, (28, 28), 1, num_classes=3) for build in BUILDERS.values())
    block = ["Conv2DTranspose", "SyncBatchNormalization", "ReLU"]
    assert kinds(generator) == [
        *("Dense", "SyncBatchNormalization", "ReLU", "Dense", "Reshape", "SyncBatchNormalization", "ReLU"),
        *(*block, "Conv2DTranspose", "tanh"),
    ]
    assert kinds(discriminator) == [
        *("Conv2DWithLabel", "LeakyReLU", "Conv2D", "SyncBatchNormalization", "LeakyReLU"),
        *("Flatten", "Dense", "SyncBatchNormalization", "LeakyReLU", "Dense", "sigmoid"),
    ]
    # By hand: kernels without bias, and two numbers of batch norm for each unit and channel.
    assert trainable(generator) == (
        (5 + 3) * 6 + 2 * 6 + 6 * 7 * 7 * 4 + 2 * 4 + 4 * 2 * 16 + 2 * 2 + 2 * 1 * 16
    )
    assert trainable(discriminator) == ((1 + 3) * 2 * 16 + 2 * 4 * 16 + 2 * 4 + 7 * 7 * 4 * 6 + 2 * 6 + 6 * 1)
    assert generator.output_shape == (None, 28, 28, 1)
    assert discriminator.output_shape == (None, 1)


def test_without_it_the_initial_weights_are_one_seed_for_each_layer_in_order():
    for build in BUILDERS.values():
        without = build(SMALL, (28, 28), 1, seed=3)
        assert not any(isinstance(layer, keras.layers.Dense) for layer in without.layers)
        seeds = layer_seeds(3, without.name)
        for layer in (layer for layer in without.layers if layer.weights):
            drawn, mean = (layer.kernel, 0.0) if hasattr(layer, "kernel") else (layer.gamma, 1.0)
            expected = keras.initializers.RandomNormal(mean, 0.02, seed=next(seeds))(drawn.shape)
            np.testing.assert_array_equal(drawn, expected)


# Logits, precision


def test_logits_are_what_the_sigmoid_takes():
    discriminator = dcgan.build_discriminator(SMALL, (16, 16), 3, seed=1)
    logits = logits_of(discriminator)
    assert [id(v) for v in logits.variables] == [id(v) for v in discriminator.variables]
    images = np.random.default_rng(0).uniform(-1, 1, (5, 16, 16, 3)).astype(np.float32)
    found = logits(images).numpy().astype(float)
    assert found.shape == (5, 1)
    np.testing.assert_allclose(1 / (1 + np.exp(-found)), discriminator(images).numpy(), rtol=1e-6)
    # Shared weights: what is learned through the one is seen by the other.
    discriminator.layers[0].kernel.assign(10 * discriminator.layers[0].kernel)
    assert (logits(images).numpy() != found.astype(np.float32)).all()


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
@pytest.mark.parametrize("network", BUILDERS)
def test_half_precision_stays_inside(network, policy):
    model = BUILDERS[network](SMALL, (16, 16), 3, dtype=policy)
    assert {weight.dtype for weight in model.variables} == {"float32"}
    half = policy.removeprefix("mixed_")
    convolutions = [
        layer
        for layer in model.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.Conv2DTranspose)
    ]
    assert {layer.compute_dtype for layer in convolutions} == {half}
    inputs = tf.ones((2, *model.input_shape[1:]))
    assert model(inputs).dtype == tf.float32
    assert model(inputs, training=True).dtype == tf.float32
    if network == "discriminator":
        assert logits_of(model)(inputs, training=True).dtype == tf.float32


@pytest.mark.parametrize("network", BUILDERS)
def test_double_precision_is_double_throughout(network):
    model = BUILDERS[network](SMALL, (16, 16), 3, dtype="float64")
    assert {weight.dtype for weight in model.variables} == {"float64"}
    assert model(tf.ones((2, *model.input_shape[1:]), tf.float64)).dtype == tf.float64


@KERAS_READS_WEIGHTS
@pytest.mark.parametrize("network", BUILDERS)
def test_a_network_survives_saving(network, tmp_path):
    model = BUILDERS[network](SMALL, (16, 16), 3)
    model.save(tmp_path / "model.keras")
    again = keras.saving.load_model(tmp_path / "model.keras")
    inputs = np.random.default_rng(0).normal(size=(2, *model.input_shape[1:])).astype(np.float32)
    np.testing.assert_array_equal(again(inputs).numpy(), model(inputs).numpy())
