import LiteRT

/// Draws with a .tflite file, on the CPU or on the GPU and nowhere else.
///
/// One accelerator alone is asked for. If it cannot run the whole model, LiteRT then throws. Asked for the GPU and
/// the CPU together, LiteRT would run on the CPU without a word.
public final class Generator {
    public let onGPU: Bool
    private let model: CompiledModel
    private let inputs: [TensorBuffer]
    private let outputs: [TensorBuffer]

    /// - Throws: `LiteRtError` if the file cannot be read, or the accelerator is missing or refuses the model.
    public init(path: String, onGPU: Bool) throws {
        let options = try Options()
        try options.setHardwareAccelerators(onGPU ? [.gpu] : [.cpu])
        model = try CompiledModel(filePath: path, environment: Environment(), options: options)
        inputs = try model.createInputBuffers()  // z; which one is which: model.inputName(inputIndex:)
        outputs = try model.createOutputBuffers()  // image
        self.onGPU = onGPU
    }

    /// Draws the image of a latent.
    ///
    /// - Parameter latent: `Shape.latentDim` numbers.
    /// - Returns: uint8 [height, width, channels]: red, green and blue of each pixel; rows from top to bottom.
    public func draw(_ latent: [Float]) throws -> [UInt8] {
        try inputs[0].write(latent)
        try model.run(inputs: inputs, outputs: outputs)
        return try outputs[0].read()
    }
}
