using System;
using System.CommandLine;

namespace NvsFirmware.Tests.Fuzz;

/// <summary>The command `fuzz`.</summary>
internal static class FuzzCommand
{
    private static readonly Option<long> framesOption = new("--frames")
    {
        Description = "How many frames to send at least.",
        DefaultValueFactory = _ => 1_000_000,
        HelpName = "NUMBER",
    };
    private static readonly Option<ulong> seedOption = new("--seed")
    {
        Description = "Where the frames come from.",
        DefaultValueFactory = _ => 1,
        HelpName = "NUMBER",
    };
    private static readonly Option<string?> keepOption = new("--keep")
    {
        Description = "Write short inputs that are answered in a new way to this folder.",
        HelpName = "FOLDER",
    };

    public static Command Create() => new("fuzz", "Throws mutated frames at the board or at the client.") { Board(), Client() };

    private static Command Board()
    {
        Command command = new("board", "Frames to the board: errors inside, changes of the medium, hangs, allocations.")
        {
            framesOption, seedOption, keepOption,
        };
        command.SetAction(parsed => Try(() =>
        {
            long frames = parsed.GetValue(framesOption);
            BoardFuzzer? done = null;
            Progress.Show("frames", null, report => done = BoardFuzzRun.Run(
                frames, parsed.GetValue(seedOption), board => report((double)board.FramesSent / frames, $"{board.FramesSent} frames"),
                    parsed.GetValue(keepOption)));
            return $"{done!.FramesSent} frames in {done.Blocks} blocks, {done.Bytes} bytes: "
                + $"{done.Answers} answers, {done.Commits} commits, {done.Formats} formats; "
                + $"{done.HarmlessBlocks} blocks could not write and changed nothing";
        }));
        return command;
    }

    private static Command Client()
    {
        Command command = new("client", "Answers to the client: undocumented exceptions, wrong data, requests that do not end.")
        {
            framesOption, seedOption,
        };
        command.SetAction(parsed => Try(() =>
        {
            long frames = parsed.GetValue(framesOption);
            ClientFuzzResult? done = null;
            Progress.Show("frames", null, report => done = ClientFuzzRun.Run(
                frames, parsed.GetValue(seedOption), sent => report((double)sent / frames, $"{sent} frames")));
            return $"{done}";
        }));
        return command;
    }

    private static int Try(Func<string> run)
    {
        try
        {
            Console.WriteLine(run());
            return 0;
        }
        catch (FuzzException e)
        {
            Console.Error.WriteLine(e.Message);
            return 1;
        }
    }
}
