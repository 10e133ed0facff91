import Foundation

/// What the model takes and gives. Another one has other numbers: they are in dcgan.json, at the end of its file.
public enum Shape {
    public static let latentDim = 64
    public static let width = 64
    public static let height = 64
    public static let channels = 3
}

/// Random numbers that a seed makes the same on every device: SplitMix64 (Steele, Lea and Flood 2014).
public struct SeededRandom {
    private var state: UInt64

    public init(seed: UInt64) { state = seed }

    /// Draws a latent: `Shape.latentDim` numbers from N(0, 1).
    public mutating func latent() -> [Float] { (0..<Shape.latentDim).map { _ in normal() } }

    /// Makes one normal number of two even ones: Box and Muller 1958.
    private mutating func normal() -> Float {
        let length = sqrt(-2 * log(unit()))
        return Float(length * cos(2 * Double.pi * unit()))
    }

    /// Draws from (0, 1].
    private mutating func unit() -> Double {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        bits ^= bits >> 31
        return Double((bits >> 11) + 1) * 0x1p-53
    }
}

/// Lays images side by side.
///
/// - Parameters:
///   - images: each is uint8 [height, width, channels]; as many as fill whole rows.
///   - across: how many stand in a row.
/// - Returns: one image, uint8 [rows * height, across * width, channels].
public func grid(_ images: [[UInt8]], across: Int) -> [UInt8] {
    let line = Shape.width * Shape.channels
    var bytes: [UInt8] = []
    for first in stride(from: 0, to: images.count, by: across) {
        for y in 0..<Shape.height {
            for image in images[first..<(first + across)] { bytes += image[(y * line)..<((y + 1) * line)] }
        }
    }
    return bytes
}
