// swift-tools-version: 5.9
import PackageDescription

let package = Package(
    name: "dcgan-phone",
    platforms: [.iOS(.v15), .macOS(.v12)],
    products: [.library(name: "Pictures", targets: ["Pictures"])],
    dependencies: [
        // LiteRT publishes its Swift package on a branch for each release.
        .package(url: "https://github.com/google-ai-edge/LiteRT", branch: "release/2.3.0")
    ],
    targets: [
        .target(
            name: "Pictures",
            dependencies: [
                .product(name: "LiteRT", package: "LiteRT"),
                .product(name: "LiteRtMetalAccelerator", package: "LiteRT"),  // without it, the GPU is refused
            ]
        ),
        .executableTarget(name: "draw", dependencies: ["Pictures"]),
    ]
)
