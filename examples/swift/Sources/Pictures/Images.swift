import CoreGraphics
import Foundation
import ImageIO
import UniformTypeIdentifiers

/// Returns an RGB image of uint8 [height, width, 3]. (A grey one has 8 bits a pixel, and CGColorSpaceCreateDeviceGray.)
public func cgImage(_ bytes: [UInt8], width: Int, height: Int) -> CGImage? {
    guard let provider = CGDataProvider(data: Data(bytes) as CFData) else { return nil }
    return CGImage(
        width: width, height: height, bitsPerComponent: 8, bitsPerPixel: 24, bytesPerRow: 3 * width,
        space: CGColorSpaceCreateDeviceRGB(), bitmapInfo: CGBitmapInfo(rawValue: CGImageAlphaInfo.none.rawValue),
        provider: provider, decode: nil, shouldInterpolate: false, intent: .defaultIntent)
}

/// Writes a PNG, and returns whether that worked.
public func writePNG(_ image: CGImage, to url: URL) -> Bool {
    let type = UTType.png.identifier as CFString
    guard let file = CGImageDestinationCreateWithURL(url as CFURL, type, 1, nil) else { return false }
    CGImageDestinationAddImage(file, image, nil)
    return CGImageDestinationFinalize(file)
}
