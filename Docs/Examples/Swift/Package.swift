// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "orders",
    platforms: [.macOS(.v15)],
    dependencies: [
        // In a package of your own: .package(url: "https://…/leafd", from: "…"). Neither database driver is needed here.
        .package(name: "leafd", path: "../../..", traits: [])
    ],
    targets: [
        .executableTarget(
            name: "orders", dependencies: [.product(name: "LeafClient", package: "leafd")], path: "Sources/Orders")
    ]
)
