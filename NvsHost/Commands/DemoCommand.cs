using System.CommandLine;
namespace NvsHost.Commands;

internal static class DemoCommand { public static void AddTo(Command root) { } }
