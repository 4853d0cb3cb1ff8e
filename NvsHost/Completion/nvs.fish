# Completion of nvs for fish. Once: nvs completion fish | source. For good: nvs completion fish > ~/.config/fish/completions/nvs.fish.
function __nvs_complete
    set -l word (commandline -ct)
    set -l line (commandline -cp)
    set -l words (commandline -opc)
    set -l found ($words[1] "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null)
    # Options only where one has begun.
    string match -q -- '-*' "$word"; or set found (string match -v -- '-*' $found)
    if set -q found[1]
        printf '%s\n' $found
    else
        __fish_complete_path "$word" # No word fits: it is a file's turn.
    end
end
complete -c nvs -f -a '(__nvs_complete)'
