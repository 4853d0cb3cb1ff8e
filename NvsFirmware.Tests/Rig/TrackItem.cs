namespace NvsFirmware.Tests.Rig;

/// <summary>One track of a write request: new data, or none to release it.</summary>
public sealed record TrackItem(uint Track, byte[]? Data, uint? Expected = null);
