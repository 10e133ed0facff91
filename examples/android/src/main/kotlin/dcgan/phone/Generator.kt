package dcgan.phone

import android.content.res.AssetManager
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel

private const val SIGNATURE = "serving_default"

/**
 * Draws with generator.tflite, on one accelerator and no other.
 *
 * One accelerator alone is asked for. If it cannot run the whole model, LiteRT then throws. Asked for the GPU
 * and the CPU together, LiteRT would run on the CPU without a word.
 *
 * @throws com.google.ai.edge.litert.LiteRtException if the accelerator is missing, or refuses the model.
 */
class Generator(assets: AssetManager, val accelerator: Accelerator) : AutoCloseable {
    private val model = CompiledModel.create(assets, "generator.tflite", CompiledModel.Options(accelerator))
    private val z = model.createInputBuffer("z", SIGNATURE)
    private val image = model.createOutputBuffer("image", SIGNATURE)

    /** Draws the picture of a latent; see [colours] for what it returns. */
    fun draw(latent: FloatArray): IntArray {
        z.writeFloat(latent)
        model.run(mapOf("z" to z), mapOf("image" to image), SIGNATURE)
        return colours(image.readInt8())  // the bytes of uint8
    }

    override fun close() {
        z.close()
        image.close()
        model.close()
    }
}
