/// Ends the process with `message` unless `condition` holds: that is how a fuzzer is told.
///
/// Unlike `precondition` it tells the message in a release build, too.
@inline(__always)
func demand(
  _ condition: Bool,
  _ message: @autoclosure () -> String,
  file: StaticString = #file,
  line: UInt = #line
) {
  guard !condition else { return }
  fatalError(message(), file: file, line: line)
}
