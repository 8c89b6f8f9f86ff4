import Testing

@testable import EvalScenarios

/// Where things stand in a plot.
@Suite struct PlotTests {
  @Test func `equal steps of a linear scale are equal lengths`() {
    let scale = Scale(.linear, 0, 25)
    #expect(scale.position(0) == 0)
    #expect(scale.position(5) == 0.2)
    #expect(scale.position(25) == 1)
    #expect(scale.position(-1) == 0 && scale.position(26) == 1)
  }

  @Test func `equal factors of a logarithmic scale are equal lengths`() {
    let scale = Scale(.logarithmic, 1, 10_000)
    #expect((scale.position(10) - 0.25).magnitude < 1e-12)
    #expect((scale.position(1_000) - 0.75).magnitude < 1e-12)
    #expect(scale.position(0) == 0 && scale.position(1e9) == 1)
  }

  @Test func `scales hold what they are made for, from round values to round values`() {
    #expect(Scale.decades(of: [2, 51_562]) == Scale(.logarithmic, 1, 100_000))
    #expect(Scale.decades(of: [1, 10]) == Scale(.logarithmic, 1, 10))
    #expect(Scale.decades(of: [100, 100]) == Scale(.logarithmic, 100, 1_000))
    #expect(Scale.decades(of: [0, .nan]) == Scale(.logarithmic, 1, 10))
    #expect(Scale.fromZero([4.28]) == Scale(.linear, 0, 5))
    #expect(Scale.fromZero([]) == Scale(.linear, 0, 1))
    for most in [0.03, 0.7, 1, 3, 4.4, 9.9, 12, 270, 1e6] {
      let scale = Scale.fromZero([most])
      #expect(scale.high >= most && scale.high <= most * 1.6, "\(most): \(scale)")
      #expect((3...11).contains(scale.ticks.count), "\(most): \(scale.ticks)")
      #expect((scale.ticks.last.map { $0 - scale.high } ?? 1).magnitude < 1e-9)
    }
  }

  @Test func `a logarithmic axis has its powers of ten, and more where these are few`() {
    #expect(Scale(.logarithmic, 1, 1_000).ticks == [1, 10, 100, 1_000])
    #expect(Scale(.logarithmic, 1, 10).ticks == [1, 2, 5, 10])
  }

  @Test func `numbers are short and have commas between thousands`() {
    #expect(PageText.number(0.1) == "0.1")
    #expect(PageText.number(2) == "2")
    #expect(PageText.number(12.34) == "12.3")
    #expect(PageText.number(999.6) == "1000" || PageText.number(999.6) == "1,000")
    #expect(PageText.number(1_000) == "1,000")
    #expect(PageText.number(51_562) == "51,562")
    #expect(PageText.number(1_234_567) == "1,234,567")
  }

  @Test func `markup in a text is no markup in the page`() {
    #expect(PageText.escaped("a < b & \"c\" > d") == "a &lt; b &amp; &quot;c&quot; &gt; d")
  }

  private func plot(_ series: [Plot.Series]) -> Plot {
    Plot(
      name: "probe",
      title: "A title",
      note: "A note.",
      x: Plot.Axis("across", Scale(.linear, 0, 10)),
      y: Plot.Axis("up", Scale(.logarithmic, 1, 10_000)),
      series: series,
      commands: [["idle", "--nodes", "3"]]
    )
  }

  @Test func `a line runs through the places of its values`() {
    let points = [Plot.Point(0, 1), Plot.Point(5, 10), Plot.Point(10, 10_000)]
    let text = plot([.init(name: "one", style: .ours(), shape: .line, points: points)]).svg
    #expect(text.contains("points=\"0,1000 500,750 1000,0\""), "\(text)")
    #expect(text.contains("<use href=\"#mark-circle\" x=\"50%\" y=\"75%\">"))
    #expect(text.contains("<title>one · across: 5 · up: 10</title>"))
  }

  @Test func `steps climb where their values are and stay until the next`() {
    let points = [Plot.Point(2, 10), Plot.Point(5, 10_000)]
    let text = plot([.init(name: "one", style: .ours(), shape: .steps, points: points)]).svg
    #expect(text.contains("points=\"200,1000 200,750 500,750 500,0 1000,0\""), "\(text)")
    #expect(!text.contains("<use"))
  }

  @Test func `a range is a bar between its ends, and is told`() {
    let point = Plot.Point(5, 10, label: "here", range: 1...100)
    let text = plot([.init(name: "one", style: .of(.kite), shape: .marks, points: [point])]).svg
    #expect(text.contains("x1=\"50%\" x2=\"50%\" y1=\"100%\" y2=\"50%\""), "\(text)")
    #expect(text.contains("up: 1 to 100</title>"))
    #expect(text.contains(">here</text>"))
    #expect(!text.contains("<polyline"))
  }

  @Test func `shares are of all that waited, and climb at values that were measured`() {
    let shares = Findings.shares(of: [3, 1, 2, 2], among: 8)
    #expect(shares == [Plot.Point(1, 12.5), Plot.Point(2, 37.5), Plot.Point(3, 50)])
    #expect(Findings.shares(of: [], among: 8).isEmpty && Findings.shares(of: [1], among: 0).isEmpty)
    let many = Findings.shares(of: (1...6_400).map(Double.init), among: 6_400)
    #expect(many.count == 200)
    #expect(many.last == Plot.Point(6_400, 100))
    #expect(many[99] == Plot.Point(3_200, 50))
  }
}
