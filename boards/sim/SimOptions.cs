using System;
using System.Collections.Generic;
using System.CommandLine;
using NvsFirmware;
using NvsFirmware.Fram;
using NvsFirmware.Wire;

namespace NvsSim;

/// <summary>The options of the simulated board, and what they mean.</summary>
internal sealed class SimOptions
{
    private const string Which =
        "Which: 5 (the fifth since power-up), 5-8, 5- (from the fifth on), every:5, 5% (by chance); commas between several.";

    private static readonly Option<string?> fram = new("--fram")
    {
        Description = "File that holds the chip's cells; made if it does not exist. Without it all is lost at the end.",
        HelpName = "FILE",
    };

    private static readonly Option<SimPart?> chip = new("--chip")
    {
        Description = $"The FRAM or MRAM part: {SimPart.AllNames}. [default: {SimPart.Default.Name}]",
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

    private static readonly Option<int?> chipAfter = Number("--chip-after", "MS", "Put the chip in so many milliseconds after power-up.");

    private static readonly Option<string?> link = new("--link")
    {
        Description = "Make a symbolic link to the pseudo-terminal here and remove it at the end.",
        HelpName = "PATH",
    };

    private static readonly Option<string?> listen = new("--listen")
    {
        Description = "Serve a socket: unix:PATH, tcp:PORT (this machine only) or tcp:HOST:PORT; port 0 takes any free one. "
            + "[default: a pseudo-terminal on Linux, tcp:0 elsewhere]",
        HelpName = "ADDRESS",
    };

    private static readonly Option<int?> seed =
        Number("--seed", "NUMBER", "Seed of the board's random numbers and of faults by chance, to have the same ones again.");

    private static readonly Option<int?> cutAfter =
        Number("--cut-after", "BYTES", "Cut the power after this many bytes on the SPI bus, boot included; the exit code is then 7.");

    private static readonly Option<bool> formatBlank = new("--format-blank") { Description = "Format the chip at boot if it is blank." };

    private static readonly Option<string?> drop = Fault("--drop",
        $"SPI transactions that silently do nothing. {Which} The name of an opcode in front counts only those: write:3.");

    private static readonly Option<string?> noise = Fault("--noise", "SPI transactions whose answer is noise, said as with --drop.");

    private static readonly Option<string?> noContact =
        Fault("--no-contact", "SPI transactions without contact to the chip: reads get FF.");

    private static readonly Option<string?> busError = Fault("--bus-error", "SPI transactions at which the driver throws.");

    private static readonly Option<int?> window =
        Number("--window", "BYTES", "The receive window. As on an ESP32, all that is unread is thrown away when it is more.");

    private static readonly Option<string?> overrun =
        Fault("--overrun", "Reads of the line at which the driver throws away all that is unread.");

    private static readonly Option<string?> ringDies =
        Fault("--ring-dies", "Reads of the line after which nothing is received until the board opens its port anew.");

    private static readonly Option<string?> garble = Fault("--garble", "Bytes received that get a flipped bit.");

    private static readonly Option<string?> loseAnswer = Fault("--lose-answer", "Frames sent that do not arrive.");

    private readonly ParseResult parsed;

    /// <summary>What was given on the command line.</summary>
    public SimOptions(ParseResult parsed)
    {
        this.parsed = parsed;
        Seed = parsed.GetValue(seed) ?? Random.Shared.Next();
    }

    /// <summary>All of them.</summary>
    public static IEnumerable<Option> All { get; } =
    [
        fram, chip, chipAfter, link, listen, seed, cutAfter, formatBlank,
        drop, noise, noContact, busError, window, overrun, ringDies, garble, loseAnswer,
    ];

    /// <summary>The file with the chip's cells, or null.</summary>
    public string? FramPath => parsed.GetValue(fram);

    /// <summary>The part.</summary>
    public SimPart Part => parsed.GetValue(chip) ?? SimPart.Default;

    /// <summary>When the chip is put in, in milliseconds after power-up; 0: it is there.</summary>
    public int ChipAfterMs => parsed.GetValue(chipAfter) ?? 0;

    /// <summary>Where the link to the terminal shall be, or null.</summary>
    public string? LinkPath => parsed.GetValue(link);

    /// <summary>The socket's address; null: a pseudo-terminal.</summary>
    public string? Listen => parsed.GetValue(listen) ?? (OperatingSystem.IsLinux() ? null : "tcp:0");

    /// <summary>As given, or a random one.</summary>
    public int Seed { get; }

    /// <summary>When to cut the power, or null.</summary>
    public int? CutAfterBytes => parsed.GetValue(cutAfter);

    /// <summary>Opens the board's serial port.</summary>
    /// <exception cref="FormatException">The address is none.</exception>
    public ISimPort OpenPort()
    {
        if (Listen == null)
            return new PtyUart();
        if (LinkPath != null)
            throw new FormatException("--link needs a pseudo-terminal, there is none with --listen.");
        return new SocketUart(Listen);
    }

    /// <summary>What this board decides for the firmware.</summary>
    /// <exception cref="FormatException">No frame fits into the window.</exception>
    public BoardSettings Settings()
    {
        const int smallestPieceBytes = 64;
        Random random = new(Seed);
        BoardSettings settings = new()
        {
            Name = "sim",
            // A part that does not know RDID has to be named.
            ChipName = Part.Rdid.Length == 0 ? Part.Name : "",
            FormatBlank = parsed.GetValue(formatBlank),
            // Another one at each start, whatever the seed: no session of a board may be taken for one of the board before it.
            SessionSeed = Random.Shared.Next(),
        };
        random.NextBytes(settings.NewStoreId);
        if (parsed.GetValue(window) is int windowBytes)
        {
            int pieceBytes = windowBytes - Frame.TotalBytes(Block.PayloadHeadBytes);
            if (pieceBytes < smallestPieceBytes)
                throw new FormatException($"--window must hold a frame: at least {windowBytes - pieceBytes + smallestPieceBytes} bytes.");
            settings.ReceiveWindowBytes = windowBytes;
            settings.LargestPieceBytes = Math.Min(settings.LargestPieceBytes, pieceBytes);
        }
        return settings;
    }

    /// <summary>The bus with the faults asked for.</summary>
    /// <param name="bus">The bus with the chip.</param>
    /// <param name="tell">Told each fault.</param>
    /// <exception cref="FormatException">An option says no occasion.</exception>
    public BusFaults WithFaults(ISpiBus bus, Action<string> tell)
    {
        BusFaults faults = new(bus, Seed)
        {
            Happens = (fault, number, opcode, count) =>
                tell($"transaction {number}, {Opcode.Name(opcode)} of {count} bytes: {Told(fault)}"),
        };
        Add(drop, BusFault.Dropped);
        Add(noise, BusFault.Noise);
        Add(noContact, BusFault.NoContact);
        Add(busError, BusFault.Thrown);
        return faults;

        void Add(Option<string?> option, BusFault fault)
        {
            if (parsed.GetValue(option) is string text)
                faults.Add(fault, text);
        }
    }

    /// <summary>The line with the faults asked for.</summary>
    /// <param name="uart">The line.</param>
    /// <param name="windowBytes">The board's receive window.</param>
    /// <param name="tell">Told each fault.</param>
    /// <exception cref="FormatException">An option says no occasion.</exception>
    public IUart WithFaults(IUart uart, int windowBytes, Action<string> tell)
    {
        Option[] faults = [window, overrun, ringDies, garble, loseAnswer];
        if (!Array.Exists(faults, option => parsed.GetResult(option) is { Implicit: false }))
            return uart;
        return new UartFaults(uart, windowBytes, Seed)
        {
            Overrun = Occasions(overrun),
            RingDies = Occasions(ringDies),
            Garbled = Occasions(garble),
            AnswerLost = Occasions(loseAnswer),
            Happens = tell,
        };
    }

    private Occasions Occasions(Option<string?> option) =>
        parsed.GetValue(option) is string text ? NvsSim.Occasions.Parse(text) : NvsSim.Occasions.Never;

    private static string Told(BusFault fault) => fault switch
    {
        BusFault.Dropped => "dropped",
        BusFault.Noise => "its answer is noise",
        BusFault.NoContact => "no contact",
        _ => "the driver throws",
    };

    private static Option<string?> Fault(string name, string description) => new(name) { Description = description, HelpName = "WHICH" };

    private static Option<int?> Number(string name, string helpName, string description) => new(name)
    {
        Description = description,
        HelpName = helpName,
        CustomParser = result =>
        {
            string text = result.Tokens[0].Value;
            if (int.TryParse(text, out int number) && number >= 0)
                return number;
            result.AddError($"{name} takes a number from 0 to {int.MaxValue}, not '{text}'.");
            return null;
        },
    };
}
