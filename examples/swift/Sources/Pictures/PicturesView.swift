import SwiftUI

/// Shows a grid of pictures. A tap on it draws new ones.
///
/// In an app whose bundle has the model:
///
///     PicturesView(modelPath: Bundle.main.path(forResource: "generator-dynamic", ofType: "tflite")!)
public struct PicturesView: View {
    @State private var painter: Painter
    @State private var picture: CGImage?
    @State private var message = "Compiling …"
    @State private var onGPU = false

    public init(modelPath: String) { _painter = State(initialValue: Painter(path: modelPath)) }

    public var body: some View {
        VStack(spacing: 16) {
            if let picture {
                Image(decorative: picture, scale: 1)
                    .resizable()
                    .aspectRatio(contentMode: .fit)
                    .onTapGesture { Task { await draw() } }
            }
            Text(message)
            Toggle("GPU", isOn: $onGPU).fixedSize()
        }
        .padding()
        .task(id: onGPU) { await draw() }
    }

    private func draw() async {
        do {
            let drawn = try await painter.draw(onGPU: onGPU)
            picture = cgImage(
                drawn.bytes, width: Painter.across * Shape.width, height: Painter.across * Shape.height)
            message = drawn.message
        } catch {
            message = "It failed: \(error)"
        }
    }
}
