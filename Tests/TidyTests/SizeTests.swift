import Pacing
import Testing

private let columnLimit = 100
private let fileLimit = 450
private let bodyLimit = 70

@Suite(.computing) struct `The code` {
  @Test func `fits in 100 columns`() {
    for file in SourceTree.swiftFiles {
      expectNone(file.places(in: file.lines) { $0.count > columnLimit })
    }
  }

  @Test func `is cut in files of at most 450 lines`() {
    for file in SourceTree.swiftFiles {
      #expect(file.lines.count <= fileLimit, "\(file.path)")
    }
  }

  @Test func `is cut in functions of at most 70 lines`() {
    for file in SourceTree.swiftFiles {
      for body in Body.all(in: file.codeLines) {
        #expect(body.lineCount <= bodyLimit, "\(file.path):\(body.firstLine)")
      }
    }
  }

  @Test func `has no empty file`() {
    for file in SourceTree.swiftFiles {
      #expect(!file.codeLines.allSatisfy { $0.allSatisfy(\.isWhitespace) }, "\(file.path)")
    }
  }

  @Test func `ends each line with its last letter, and each file with a line`() {
    for file in SourceTree.swiftFiles {
      expectNone(file.places(in: file.lines) { $0.last?.isWhitespace == true })
      #expect(file.text.hasSuffix("\n"), "\(file.path)")
      #expect(!file.text.hasSuffix("\n\n"), "\(file.path)")
    }
  }
}

/// The rules above rest on the reader; this is what it must get right.
@Suite(.computing) struct `The reader of code` {
  @Test(arguments: [
    (#"let a = "b { c" // d {"#, #"let a = "     "       "#),
    (#"f("\(g("{")){")"#, #"f("\(g(" ")) ")"#),
    (##"let a = #"\("{"# + "\"{""##, ##"let a = #"    "# + "   ""##),
    ("a /* { /* } */ { */ b", "a                   b"),
    ("func `a \" {`() {", "func        () {"),
    (##"#"\#(a)\(b)"#"##, ##"#"\#(a)    "#"##),
  ])
  func `blanks comments and literals`(source: String, code: String) {
    #expect(CodeReader.code(of: source) == code)
  }

  @Test func `blanks a literal of many lines`() {
    let source = "a = \"\"\"\n  { \" \"\" \\\"\"\" {\n  \"\"\" {"
    #expect(CodeReader.code(of: source).filter { $0 == "{" }.count == 1)
    #expect(CodeReader.code(of: source).hasSuffix("\"\"\" {"))
  }

  @Test func `measures functions and not types`() {
    let code = """
      struct A {
        func b(
          c: Int
        ) {
          if c { }
        }
        var d: Int { 1 }
      }
      """
    let bodies = Body.all(in: code.split(separator: "\n"))
    #expect(bodies.map(\.firstLine) == [5, 2, 7])
    #expect(bodies.map(\.lineCount) == [1, 5, 1])
  }

  @Test func `finds whole words only`() {
    #expect("let a = errno".hasWord("errno"))
    #expect(!"let a = errnos".hasWord("errno"))
    #expect("x as! Y".hasWord(" as! "))
    #expect("try!f()".hasWord("try!"))
    #expect(!"retry!".hasWord("try!"))
    #expect("a.values {".hasWord(".values"))
    #expect(!"a.valuesOf".hasWord(".values"))
  }

  @Test func `finds modules however they are imported`() {
    let text = """
      import A
      @_exported public import B
      package import struct C.D
      // import E
      let f = "import G"
      """
    #expect(SourceFile(path: "A.swift", text: text).imports == ["A", "B", "C"])
  }
}
