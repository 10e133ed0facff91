import Foundation
import Pictures

// swift run draw MODEL.tflite PICTURE.png [--gpu]
let words = CommandLine.arguments
guard words.count == 3 || (words.count == 4 && words[3] == "--gpu") else {
    print("Usage: draw MODEL.tflite PICTURE.png [--gpu]")
    exit(2)
}
let drawn = try await Painter(path: words[1]).draw(onGPU: words.count == 4)
print(drawn.message)
let image = cgImage(drawn.bytes, width: Painter.across * Shape.width, height: Painter.across * Shape.height)
guard let image, writePNG(image, to: URL(fileURLWithPath: words[2])) else {
    print("\(words[2]) cannot be written.")
    exit(1)
}
print(words[2])
