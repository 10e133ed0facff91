import Foundation

/// Draws one grid of new pictures after the other, away from the main thread.
public actor Painter {
    public static let across = 4

    private let path: String
    private var random = SeededRandom(seed: 7)
    private var generator: Generator?
    private var wantedGPU = false
    private var refusal = ""

    public init(path: String) { self.path = path }

    /// Draws 16 pictures, on the GPU if it is wanted and takes the model.
    ///
    /// - Returns: their grid, see `grid(_:across:)`, and what the user is to know: which accelerator drew, how fast,
    ///   and whether the GPU refused.
    public func draw(onGPU: Bool) throws -> (bytes: [UInt8], message: String) {
        if generator == nil || onGPU != wantedGPU { try open(onGPU: onGPU) }
        guard let generator else { return ([], refusal) }
        var images: [[UInt8]] = []
        var seconds = 0.0
        for _ in 0..<(Self.across * Self.across) {
            let latent = random.latent()
            let start = Date()
            images.append(try generator.draw(latent))
            seconds += Date().timeIntervalSince(start)
        }
        let time = String(format: "%.2f ms for a picture", seconds * 1000 / Double(images.count))
        return (grid(images, across: Self.across), "\(refusal)\(generator.onGPU ? "GPU" : "CPU"), \(time)")
    }

    /// Opens the model. If the GPU refuses it, the CPU will draw, and the message says so.
    private func open(onGPU: Bool) throws {
        generator = nil
        wantedGPU = onGPU
        refusal = ""
        do {
            generator = try Generator(path: path, onGPU: onGPU)
        } catch where onGPU {
            refusal = "The GPU refused: \(error)\n"
            generator = try Generator(path: path, onGPU: false)
        }
        // The first run of a GPU also prepares its programs: it is not timed.
        _ = try generator?.draw([Float](repeating: 0, count: Shape.latentDim))
    }
}
