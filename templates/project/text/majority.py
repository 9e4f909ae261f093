{% include "project/table/majority.py" %}
