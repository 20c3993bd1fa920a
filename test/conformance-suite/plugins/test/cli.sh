#!/bin/sh
# What the official suite asks of tools, as a plugin: its commands become `test_simple_text` and so on.
png=iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==
wav=UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=
image='{"type":"image","data":"'$png'","mimeType":"image/png"}'

# A resource within a result: its address, type and text.
embedded() { printf '{"type":"resource","resource":{"uri":"%s","mimeType":"%s","text":"%s"}}' "$@"; }

case "$1" in
  --help)
    cat <<'HELP'
Available commands:
  simple_text             Says something
  image_content           Shows a picture
  audio_content           Plays a sound
  embedded_resource       Hands over a text
  multiple_content_types  Hands over several things
  error_handling          Fails
  tool_with_progress      Says how far it is
  trigger_tool_change     Adds a plugin, or takes it away
HELP
    ;;
  simple_text) echo 'This is a simple text response for testing.' ;;
  image_content) printf '{"content":[%s]}' "$image" ;;
  audio_content) printf '{"content":[{"type":"audio","data":"%s","mimeType":"audio/wav"}]}' "$wav" ;;
  embedded_resource)
    printf '{"content":[%s]}' \
      "$(embedded test://embedded-resource text/plain 'This is an embedded resource content.')"
    ;;
  multiple_content_types)
    printf '{"content":[{"type":"text","text":"Multiple content types test:"},%s,%s]}' "$image" \
      "$(embedded test://mixed-content-resource application/json '{\"test\":\"data\",\"value\":123}')"
    ;;
  error_handling)
    echo 'This tool intentionally returns an error for testing' >&2
    exit 1
    ;;
  tool_with_progress)
    for step in 0 50 100; do
      printf '{"progress":%d,"total":100}\n' "$step" >&2
      [ "$step" = 100 ] || sleep 0.05
    done
    echo 'Three steps are done.'
    ;;
  trigger_tool_change)
    if [ -e ../added ]; then rm -r ../added; else
      mkdir ../added
      printf '#!/bin/sh\necho "Available commands: hello"\n' >../added/cli
      chmod +x ../added/cli
    fi
    echo 'The tools change.'
    ;;
  *) exit 2 ;;
esac
