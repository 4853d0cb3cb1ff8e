namespace NvsMedium;

/// <summary>Something on a medium that is not as a store at rest has it.</summary>
/// <param name="Kind">What is hit: superblock, record, client, entry, link, data, sums, or chain.</param>
/// <param name="Address">Where.</param>
/// <param name="Text">What is wrong, for a person.</param>
public sealed record MediumDamage(string Kind, int Address, string Text)
{
    /// <summary>The damage in one line.</summary>
    public override string ToString() => $"{Kind} at {Address:X5}: {Text}";
}
