import FoundationEssentials
import Testing

/// One file of the package, read once.
struct SourceFile: Sendable {
  /// The path from the package's root, such as `Sources/Grapevine/Node.swift`.
  let path: String
  /// The text as it is.
  let text: String
  /// The lines, without what ends them.
  let lines: [Substring]
  /// The Swift code alone, line by line: comments and the contents of literals are blanks.
  let codeLines: [Substring]

  init(path: String, text: String) {
    self.path = path
    self.text = text
    lines = Self.lines(of: text)
    codeLines = path.hasSuffix(".swift") ? Self.lines(of: CodeReader.code(of: text)) : []
  }

  private static func lines(of text: String) -> [Substring] {
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }

  /// The file's name without its folders.
  var name: String { path.split(separator: "/").last.map(String.init) ?? path }

  /// The modules that the file imports.
  var imports: [String] {
    codeLines.compactMap { line in
      let words = line.split(separator: " ")
      guard let index = words.firstIndex(of: "import"), index + 1 < words.count else { return nil }
      let name = words[index + 1]
      let isOfOneDeclaration = ["struct", "class", "enum", "func", "var", "let", "protocol"]
        .contains(name)
      let module = isOfOneDeclaration ? words.last ?? name : name
      return String(module.prefix { $0 != "." })
    }
  }

  /// Where each of the lines that `isMatch` finds stands, as `path:line: text`.
  func places(where isMatch: (Substring) -> Bool) -> [String] {
    places(in: codeLines, where: isMatch)
  }

  /// As ``places(where:)``, in lines that were taken from this file.
  func places(in lines: [Substring], where isMatch: (Substring) -> Bool) -> [String] {
    lines.indices.filter { isMatch(lines[$0]) }.map { index in
      "\(path):\(index + 1): \(lines[index].drop { $0 == " " })"
    }
  }
}

/// The package that these tests are of.
enum SourceTree {
  /// The folder with `Package.swift`.
  static let root = #filePath.split(separator: "/").dropLast(3).reduce("") { "\($0)/\($1)" }

  /// All Swift files of the package, sorted by path.
  static let swiftFiles = ["Sources", "Tests", "eval"].flatMap { folder in
    files(under: folder) { $0.hasSuffix(".swift") }
  }

  /// The Swift files under one of `folders`.
  static func swiftFiles(under folders: String...) -> [SourceFile] {
    swiftFiles.filter { file in folders.contains { file.path.hasPrefix($0 + "/") } }
  }

  /// All pages of documentation, those in the root among them.
  static let pages = files(under: "") { $0.hasSuffix(".md") }

  /// The file at `path`; nil if there is none.
  static func file(_ path: String) -> SourceFile? {
    FileManager.default.contents(atPath: "\(root)/\(path)").map {
      SourceFile(path: path, text: String(decoding: $0, as: UTF8.self))
    }
  }

  /// Says whether there is a file or folder at `path`.
  static func exists(_ path: String) -> Bool {
    FileManager.default.fileExists(atPath: "\(root)/\(path)")
  }

  /// The files under `folder` that `isWanted` names, hidden folders left out, sorted by path.
  static func files(under folder: String, where isWanted: (String) -> Bool) -> [SourceFile] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
    return names.sorted().flatMap { name -> [SourceFile] in
      guard !name.hasPrefix(".") else { return [] }
      let path = folder.isEmpty ? name : "\(folder)/\(name)"
      if isWanted(name) { return file(path).map { [$0] } ?? [] }
      return files(under: path, where: isWanted)
    }
  }
}

/// Records an issue for each of the `places` where a rule is broken.
func expectNone(_ places: [String], sourceLocation: SourceLocation = #_sourceLocation) {
  for place in places { Issue.record("\(place)", sourceLocation: sourceLocation) }
}

extension StringProtocol {
  /// Says whether `word` stands here with nothing before or after it that would be part of a word.
  func hasWord(_ word: String) -> Bool {
    let wanted = Array(word.utf8)
    let bytes = Array(utf8)
    var start = 0
    while start + wanted.count <= bytes.count {
      let end = start + wanted.count
      if bytes[start] == wanted[0], bytes[start..<end].elementsEqual(wanted),
        !(start > 0 && bytes[start - 1].isWordPart && bytes[start].isWordPart),
        !(end < bytes.count && bytes[end].isWordPart && bytes[end - 1].isWordPart)
      {
        return true
      }
      start += 1
    }
    return false
  }
}

extension UInt8 {
  /// Says whether the byte is a letter, a digit, an underscore or part of a longer character.
  var isWordPart: Bool {
    switch self {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), 128...255:
      true
    default: false
    }
  }
}
