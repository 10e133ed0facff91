package dcgan.phone

import android.app.Activity
import android.graphics.Bitmap
import android.os.Bundle
import android.view.Gravity
import android.widget.Button
import android.widget.ImageView
import android.widget.LinearLayout
import android.widget.TextView
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.LiteRtException
import java.util.Random
import java.util.concurrent.Executors

private const val ACROSS = 4

/** Shows a grid of pictures. A tap on it draws new ones; the buttons choose where they are computed. */
class MainActivity : Activity() {
    private val worker = Executors.newSingleThreadExecutor()  // it alone touches the next three
    private val random = Random(7)
    private var generator: Generator? = null
    private var refusal = ""

    private lateinit var grid: ImageView
    private lateinit var status: TextView

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        grid = ImageView(this).apply {
            adjustViewBounds = true
            setOnClickListener { work { drawGrid() } }
        }
        status = TextView(this).apply { setPadding(24, 24, 24, 24) }
        val buttons = LinearLayout(this)
        for (accelerator in listOf(Accelerator.CPU, Accelerator.GPU)) {
            buttons.addView(Button(this).apply {
                text = accelerator.name
                setOnClickListener { work { open(accelerator) } }
            })
        }
        setContentView(LinearLayout(this).apply {
            orientation = LinearLayout.VERTICAL
            gravity = Gravity.CENTER
            for (view in listOf(grid, status, buttons)) addView(view)
        })
        work { open(Accelerator.CPU) }
    }

    override fun onDestroy() {
        worker.execute { generator?.close() }
        worker.shutdown()
        super.onDestroy()
    }

    private fun work(task: () -> Unit) = worker.execute {
        try {
            task()
        } catch (error: LiteRtException) {
            show("It failed: ${error.message}")
        }
    }

    /** Opens the model on an accelerator. If that one refuses it, the CPU draws, and the app says so. */
    private fun open(wanted: Accelerator) {
        show("$wanted: compiling …")
        generator?.close()
        generator = null
        refusal = ""
        generator = try {
            Generator(assets, wanted)
        } catch (error: LiteRtException) {
            refusal = "$wanted refused: ${error.message}\n"
            Generator(assets, Accelerator.CPU)
        }
        drawGrid()
    }

    private fun drawGrid() {
        val generator = generator ?: return  // the app says already why there is none
        generator.draw(FloatArray(LATENT_DIM))  // the first run of a GPU also prepares its programs: not timed
        val picture = Bitmap.createBitmap(ACROSS * WIDTH, ACROSS * HEIGHT, Bitmap.Config.ARGB_8888)
        var nanoseconds = 0L
        for (place in 0 until ACROSS * ACROSS) {
            val latent = latent(random)
            val start = System.nanoTime()
            val colours = generator.draw(latent)
            nanoseconds += System.nanoTime() - start
            picture.setPixels(colours, 0, WIDTH, place % ACROSS * WIDTH, place / ACROSS * HEIGHT, WIDTH, HEIGHT)
        }
        val milliseconds = nanoseconds / 1e6 / (ACROSS * ACROSS)
        show(refusal + "%s, %.2f ms for a picture".format(generator.accelerator, milliseconds), picture)
    }

    private fun show(message: String, picture: Bitmap? = null) = runOnUiThread {
        status.text = message
        picture?.let(grid::setImageBitmap)
    }
}
