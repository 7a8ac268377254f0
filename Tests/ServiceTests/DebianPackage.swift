import Foundation
import LeafTestKit

/// leafd's package, made as `make deb` makes it, in two versions that hold the same programs.
struct DebianPackage {
    /// Its name in `folder`.
    let file: String
    let version: String

    static let older = Result { try DebianPackage(nil, compression: "gzip") }
    static let newer = Result { try DebianPackage("99~test", compression: "none") }

    /// Where the packages are; made anew by each run.
    static let folder = checkout + "/.build/service-tests"

    var path: String { DebianPackage.folder + "/" + file }

    /// - Parameters:
    ///   - version: nil: the one of its changelog.
    ///   - compression: xz, which is the usual one, takes a minute.
    private init(_ version: String?, compression: String) throws {
        let made = try Tool.run(
            "sh",
            [checkout + "/Systemd/make-deb.sh", Facilities.programs, DebianPackage.folder]
                + (version.map { [$0] } ?? []),
            environment: ["DPKG_DEB_COMPRESSOR_TYPE": compression, "DPKG_DEB_COMPRESSOR_LEVEL": "1"],
            atMost: .seconds(300))
        guard made.isSuccess,
            let path = made.output.split(separator: " ").first(where: { $0.hasSuffix(".deb") })
        else {
            throw TestProblem("the package cannot be made: \(made.output)\(made.errors)")
        }
        file = URL(fileURLWithPath: String(path)).lastPathComponent
        self.version = String(file.split(separator: "_")[1])
    }
}
