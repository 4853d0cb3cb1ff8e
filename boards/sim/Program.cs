using System;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.ComponentModel;
using System.IO;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using NvsFirmware;

namespace NvsSim;

/// <summary>The simulated board as a process. Its README has the options and exit codes.</summary>
internal static partial class Program
{
    private const int Stopped = 0;
    private const int WrongOption = 1;
    private const int CannotOpen = 2;
    private const int PowerCut = 7;

    // The slowest of the parts: time from power to the first access, and from the chip select that ends sleep.
    private const int PowerUpUs = 5000;
    private const int WakeUs = 450;

    private const int WaitMs = 100;

    private static readonly Option<string?> framOption = new("--fram")
    {
        Description = "File that holds the chip's cells; made if it does not exist. Without it all is lost at the end.",
        HelpName = "FILE",
    };

    private static readonly Option<SimPart?> chipOption = new("--chip")
    {
        Description = $"The FRAM part: {SimPart.AllNames}. [default: {SimPart.Default.Name}]",
        HelpName = "PART",
        CustomParser = result =>
        {
            try
            {
                return SimPart.Find(result.Tokens[0].Value);
            }
            catch (ArgumentException e)
            {
                result.AddError(e.Message);
                return null;
            }
        },
    };

    private static readonly Option<string?> linkOption = new("--link")
    {
        Description = "Make a symbolic link to the serial port here and remove it at the end.",
        HelpName = "PATH",
    };

    private static readonly Option<int?> seedOption = new("--seed")
    {
        Description = "Seed of the board's random numbers, to have the same ones again.",
        HelpName = "NUMBER",
        CustomParser = ParseNumber,
    };

    private static readonly Option<int?> cutOption = new("--cut-after")
    {
        Description = "Cut the power after this many bytes on the SPI bus, boot included; the exit code is then 7.",
        HelpName = "BYTES",
        CustomParser = ParseNumber,
    };

    private static readonly Option<bool> formatOption = new("--format-blank") { Description = "Format the chip at boot if it is blank." };

    private static int Main(string[] args)
    {
        RootCommand command = new("The simulated board: the NvsFirmware on a model of an FRAM chip, its serial port a pseudo-terminal.")
        {
            framOption, chipOption, linkOption, seedOption, cutOption, formatOption,
        };
        command.SetAction(result =>
        {
            try
            {
                return Run(result);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or Win32Exception or PlatformNotSupportedException)
            {
                Console.Error.WriteLine($"error: {e.Message}");
                return CannotOpen;
            }
        });
        ParseResult parsed = command.Parse(args);
        // The library would print its help to standard output, which is kept for the one line.
        foreach (ParseError mistake in parsed.Errors)
            Console.Error.WriteLine($"error: {mistake.Message} See --help.");
        return parsed.Errors.Count > 0 ? WrongOption : parsed.Invoke();
    }

    private static int Run(ParseResult parsed)
    {
        SimPart part = parsed.GetValue(chipOption) ?? SimPart.Default;
        string? framPath = parsed.GetValue(framOption);
        using PtyUart uart = new();
        using FramFile? file = framPath == null ? null : FramFile.Open(framPath, part);
        using TerminalLink? link = parsed.GetValue(linkOption) is string path ? new TerminalLink(path, uart.Path) : null;

        using IDisposable interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using IDisposable terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);

        SystemClock clock = new();
        FramModel chip = new(part, file?.Memory ?? new byte[part.StorageBytes])
        {
            NowUs = () => clock.NowUs,
            PowerUpUs = PowerUpUs,
            WakeUs = WakeUs,
            StoresInOrder = true,
        };
        BoardSettings settings = new()
        {
            Name = "sim",
            FormatBlank = parsed.GetValue(formatOption),
            NewStoreId = NewStoreId(parsed.GetValue(seedOption)),
        };
        Console.Error.WriteLine($"chip: {part.Name}, {part.Bytes} bytes, {(framPath == null ? "in memory: all is lost at the end, --fram FILE keeps it" : $"in '{framPath}'")}");

        chip.PowerUp();
        chip.PowerLost = () =>
        {
            Console.Error.WriteLine($"power cut after {chip.Bytes} bytes and {chip.Transactions} transactions on the SPI bus");
            link?.Dispose();
            ExitAtOnce(PowerCut);
        };
        if (parsed.GetValue(cutOption) is int cutBytes)
            chip.CutAfterBits(8L * cutBytes);

        Firmware firmware = new(chip, uart, clock, settings);
        // A board's processor needs longer to start than its chip. So boot costs the same traffic each time, as --cut-after needs.
        clock.Sleep(PowerUpUs / 1000 + 1);
        firmware.Boot();
        Console.Error.WriteLine($"boot: {firmware.BootReport}");
        Console.WriteLine($"serial port: {uart.Path}");
        while (!uart.IsStopped)
            firmware.Step(WaitMs);
        Console.Error.WriteLine("stopped");
        return Stopped;

        void Stop(PosixSignalContext context)
        {
            // A second signal ends the process the hard way.
            context.Cancel = !uart.IsStopped;
            uart.Stop();
        }
    }

    private static int? ParseNumber(ArgumentResult result)
    {
        if (int.TryParse(result.Tokens[0].Value, out int number) && number >= 0)
            return number;
        result.AddError($"{((OptionResult)result.Parent!).Option.Name} takes a number from 0 to {int.MaxValue}, not '{result.Tokens[0].Value}'.");
        return null;
    }

    private static byte[] NewStoreId(int? seed)
    {
        byte[] id = new byte[8];
        if (seed is int number)
            new Random(number).NextBytes(id);
        else
            RandomNumberGenerator.Fill(id);
        return id;
    }

    // Environment.Exit would run the firmware on while it tidies up.
    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitAtOnce(int code);
}
