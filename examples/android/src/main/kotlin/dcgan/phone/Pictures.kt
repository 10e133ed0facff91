package dcgan.phone

import java.util.Random

// What generator.tflite takes and gives. Another model has other numbers: they are in dcgan.json, at its end.
const val LATENT_DIM = 64
const val WIDTH = 64
const val HEIGHT = 64
const val CHANNELS = 3

/** Draws a latent: LATENT_DIM numbers from N(0, 1). A seed gives the same numbers on every device. */
fun latent(random: Random) = FloatArray(LATENT_DIM) { random.nextGaussian().toFloat() }

/**
 * Turns the bytes of an image, uint8 [HEIGHT, WIDTH, CHANNELS], into the colours of a Bitmap.
 *
 * @param bytes red, green and blue of each pixel, or grey alone; rows from top to bottom.
 * @return opaque colours, 0xAARRGGBB, one for each pixel.
 */
fun colours(bytes: ByteArray): IntArray {
    require(bytes.size == HEIGHT * WIDTH * CHANNELS) {
        "expected $HEIGHT * $WIDTH * $CHANNELS bytes, received ${bytes.size}: is this the model that Pictures.kt describes?"
    }
    return IntArray(HEIGHT * WIDTH) { pixel ->
        // A grey image has the same value three times. Kotlin's bytes are signed: "and 255" makes them 0 to 255.
        fun value(channel: Int) = bytes[pixel * CHANNELS + minOf(channel, CHANNELS - 1)].toInt() and 255
        (255 shl 24) or (value(0) shl 16) or (value(1) shl 8) or value(2)
    }
}
